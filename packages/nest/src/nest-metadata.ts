/**
 * The keys under which Nest keeps what its decorators say, the same in Nest 11 and 12. Both export them, but under
 * different paths that neither calls public.
 */
export const INTERCEPTORS_METADATA = '__interceptors__'
export const HTTP_CODE_METADATA = '__httpCode__'
export const ROUTE_ARGS_METADATA = '__routeArguments__'
export const RESPONSE_PASSTHROUGH_METADATA = '__responsePassthrough__'
export const CUSTOM_ROUTE_ARGS_METADATA = '__customRouteArgs__'
/** The type of a parameter that is the platform's response, in the keys of `ROUTE_ARGS_METADATA`. */
export const RESPONSE_PARAMETER = 1

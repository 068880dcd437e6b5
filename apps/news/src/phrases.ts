/** What a story says: `{city}` is one of {@link words}, `{3-40}` a number, `{two|three}` one of these. */
export interface Template {
  readonly headline: string
  readonly standfirst: string
}

type Several<T> = readonly [T, ...T[]]

/** The places, people and firms of an invented world. */
export const words = {
  author: [
    'Clara Menzies',
    'Idris Falk',
    'Noor Aldersey',
    'Benedikt Rau',
    'Hanne Solberg',
    'Mateo Quill',
    'Priya Castellan',
    'Viktor Lamm',
    'Eleni Brook',
  ],
  country: ['Ardenia', 'Velmark', 'Kastria', 'Tavania', 'Lesmora', 'Brenland', 'Ostavia', 'the Calloway Islands'],
  neighbour: ['Sarrow', 'Lindmark', 'Pellanor', 'Greater Istra', 'Northmere', 'Oravia'],
  city: [
    'Port Anselm',
    'Trossau',
    'Kessina',
    'Lowmere',
    'Vantry',
    'Halden Bay',
    'Mirrow',
    'Saint Corvin',
    'Tillenburg',
    'East Farrow',
    'Quenby',
    'Orsella',
  ],
  rival: ['Dunmarch', 'Castel Verro', 'Ashgate', 'Novi Brod', 'Wexcombe', 'Rouvray'],
  river: ['Senna', 'Tarn', 'Wend', 'Ilmar', 'Orse'],
  person: [
    'Ines Halloran',
    'Tomas Verrell',
    'Adaeze Lind',
    'Marek Osterhaus',
    'Yuna Castellane',
    'Piet Vandermolen',
    'Salma Idrissou',
    'Jonas Whitlock',
    'Reka Dombai',
    'Lucia Fenwick',
  ],
  surname: ['Harrow', 'Okonjo', 'Lindahl', 'Marchetti', 'Petrova', 'Tanaka', 'Brandt', 'Sáenz', 'Novak', 'Achterberg'],
  company: [
    'Halvard & Sons',
    'Brightwater',
    'Orsella Mills',
    'Kestrel Freight',
    'Lumen Foods',
    'Norrgate',
    'Tidewell',
    'Papyra',
    'Corvid Motors',
    'Anselm Steel',
  ],
  goods: ['bicycles', 'heat pumps', 'river barges', 'tinned fish', 'wool', 'ceramics', 'grain', 'hand tools'],
  institute: ['Trossau University', 'the Lowmere Institute', 'the Orsella Observatory', 'the Vantry Marine Station'],
  animal: ['otters', 'storks', 'lynx', 'eels', 'white-tailed eagles', 'wild bees', 'harbour seals', 'beavers'],
  instrument: ['cello', 'accordion', 'viola', 'clarinet', 'steel drum'],
  sport: ['rowing', 'handball', 'cycling', 'fencing', 'curling', 'athletics'],
  weekday: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'],
  season: ['spring', 'summer', 'autumn', 'winter'],
  moon: ['Callis', 'Ember', 'Thessaly', 'Ninepin'],
  probe: ['Petrel', 'Longbow', 'Wayfarer 2', 'Heron', 'Small Hours'],
  title: [
    '‘The Salt Ledger’',
    '‘A Room Facing North’',
    '‘Eleven Bridges’',
    '‘The Understudy’',
    '‘Weather for Beginners’',
    '‘Night Ferry’',
    '‘The Cartographer’s Wife’',
    '‘Ordinary Tides’',
  ],
} satisfies Readonly<Record<string, Several<string>>>

/** What each desk writes, by the part of its topic after `news/`. */
export const desks = {
  world: [
    {
      headline: 'Border posts between {country} and {neighbour} stand empty on their first night',
      standfirst: 'Travellers stopped anyway, out of habit. A bakery has asked for one of the huts.',
    },
    {
      headline: '{city} switches off its street lamps for {2-6} nights to count the stars',
      standfirst: 'The mayor, {person}, walked home by torch. Shops report a run on candles.',
    },
    {
      headline: 'Rescuers reach all {11-34} miners at {rival}',
      standfirst: 'They had spent {3-8} days underground, and asked first who had won the football.',
    },
    {
      headline: '{country} and {neighbour} agree to share the waters of the {river}',
      standfirst: 'The treaty, {3-19} years in the making, sets a flow for dry summers and a court for the rest.',
    },
    {
      headline: 'Ferry talks between {city} and {rival} go into a {second|third|fourth} night',
      standfirst: 'Crews want {4-9} hours of rest between crossings. Operators have offered {2-3}.',
    },
    {
      headline: '{country} votes to move its capital to {city}',
      standfirst: 'The count was close: {501-549} of every thousand voters were for it. The move begins in {season}.',
    },
    {
      headline: 'Floodwater recedes in {city} after {2-9} days of rain',
      standfirst: 'Schools reopen on {weekday}. The old bridge over the {river} stays closed to carts and cars.',
    },
    {
      headline: 'A night train will link {city} and {rival} for the first time since {1931-1979}',
      standfirst: 'It leaves at {9-11} in the evening and arrives in time for breakfast, border checks included.',
    },
    {
      headline: '{neighbour} opens its archive of the quiet years',
      standfirst:
        'Some {12-90} kilometres of shelves can be read by anyone, historian {surname} says, “with patience”.',
    },
    {
      headline: 'Fishing fleets of {country} return to port in protest at new quotas',
      standfirst: 'More than {40-380} boats blocked the harbour of {city}. Talks resume on {weekday}.',
    },
    {
      headline: 'Parliament of {country} elects {person} as its speaker',
      standfirst: 'It took {2-7} ballots. The first order of business is a smaller chamber.',
    },
  ],
  business: [
    {
      headline: '{company} buys the canal that it used to compete with',
      standfirst:
        'Barges between {city} and {rival} will run by night. Freight on the road falls silent, neighbours hope.',
    },
    {
      headline: 'Harvest in {country} is early, large and hard to sell',
      standfirst: 'Mills in {city} take in {2200-8800} tonnes a day. Farmers ask for storage rather than subsidy.',
    },
    {
      headline: 'Airship line from {city} sells out its first {season}',
      standfirst: 'It needs {7-20} hours to {rival}. That, says founder {person}, is the point.',
    },
    {
      headline: '{company} moves its {goods} business to {city}',
      standfirst: 'The firm expects {120-940} jobs by {season}, and has asked the town for a second rail siding.',
    },
    {
      headline: '{company} reports its best quarter in {6-24} years',
      standfirst:
        'Orders for {goods} rose by {7-38} per cent. The chief executive, {person}, calls it “mostly weather”.',
    },
    {
      headline: 'Price of {goods} falls for the {second|third|fourth|fifth} month running',
      standfirst: 'Warehouses in {city} are full. Traders expect little change before {season}.',
    },
    {
      headline: 'Staff of {company} take over the firm from its founders',
      standfirst: 'All {60-480} of them own a share. Nobody may own {2-9}.',
    },
    {
      headline: '{city} tries a four-day week in {3-9} of its offices',
      standfirst: 'The trial ends in {season}. Its organiser, {person}, promises to publish what fails.',
    },
    {
      headline: 'Central bank of {country} keeps its rate at {2-6} per cent',
      standfirst: 'Governor {surname} sees prices “settling down like a tired dog”. Markets barely moved.',
    },
    {
      headline: 'Port of {city} reopens its east quay to container ships',
      standfirst: 'Dredging took {5-16} months. The first ship in carried {goods} for {company}.',
    },
    {
      headline: '{company} recalls {1200-9800} pairs of scissors',
      standfirst: 'They cut too well, the firm says. Owners are asked to post them back, closed.',
    },
  ],
  science: [
    {
      headline: 'Glass that mends itself overnight leaves the laboratory',
      standfirst: 'A pane in {city} has been broken {20-95} times. {person} would like people to stop testing it.',
    },
    {
      headline: '{institute} reads a burnt scroll without unrolling it',
      standfirst: 'The first {3-20} lines are a recipe for eels. The rest, it is hoped, is philosophy.',
    },
    {
      headline: 'Researchers at {institute} grow a battery from river clay',
      standfirst: 'It keeps its charge through {300-2400} cycles, and can be thrown on a field when it is done.',
    },
    {
      headline: 'A {2-7}-year study finds that afternoon naps do what people say they do',
      standfirst:
        'The team of {person} followed {1400-9900} sleepers in {city}, most of whom stayed awake for the results.',
    },
    {
      headline: 'Mathematician settles a question about knots that stood for {40-120} years',
      standfirst: 'The proof by {person} runs to {11-48} pages. Three of them are drawings.',
    },
    {
      headline: 'A common lichen turns out to be {two|three|four} species',
      standfirst: 'They grow side by side on the walls of {city}, and had been told apart by snails all along.',
    },
    {
      headline: 'Vaccine against river fever holds for {4-12} years, trial shows',
      standfirst: 'Of {2200-8800} volunteers in {country}, {3-21} fell ill. The results go to regulators in {season}.',
    },
    {
      headline: '{institute} builds a clock that would lose a second in {3-40} billion years',
      standfirst: 'It fills a room, and is used to weigh mountains by how much they slow it down.',
    },
  ],
  'science/space': [
    {
      headline: 'Water ice found {2-30} metres under the plains of {moon}',
      standfirst: 'Radar of the probe {probe} saw it twice. A third pass is planned for {season}.',
    },
    {
      headline: '{institute} hands its largest mirror over to the night',
      standfirst: 'It is {6-11} metres wide and took {4-9} years to polish. First light showed a moth.',
    },
    {
      headline: 'The probe {probe} wakes up after {4-19} years on the way to {moon}',
      standfirst: 'Its first message was {38-96} bytes long, and said that all was well.',
    },
    {
      headline: 'Astronomers hear {moon} hum at {2-18} hertz',
      standfirst: 'Ice shifting over a hidden sea is the likeliest cause, says {person} of {institute}.',
    },
    {
      headline: 'A lander of {country} sets down on {moon}, slightly tilted',
      standfirst: 'It leans by {3-14} degrees. Engineers in {city} have tilted their chairs to match.',
    },
    {
      headline: 'Amateur in {city} finds a comet with a telescope made of drainpipe',
      standfirst: '{person} had been looking for {6-31} winters. The comet can be seen until {season}.',
    },
    {
      headline: '{probe} sends the first map of the night side of {moon}',
      standfirst: 'It shows {3-17} craters that nobody expected, and one straight line that nobody can explain.',
    },
  ],
  'science/nature': [
    {
      headline: 'Glacier above {city} gives back a mountain hut lost in {1911-1958}',
      standfirst: 'The stove still works. The guest book asks visitors to close the door.',
    },
    {
      headline: 'Night trains stop for toads on the {river} line again',
      standfirst: 'Drivers wait {4-15} minutes at kilometre {21-97}. Passengers are offered a lantern.',
    },
    {
      headline: '{animal} return to the {river} after {40-160} years',
      standfirst: 'Volunteers counted {6-74} of them near {city}, and have stopped telling people where.',
    },
    {
      headline: 'Warmest {season} on record in {country}, by a wide margin',
      standfirst:
        'Stations measured {2-4} degrees above the mean. {city} has opened its cellars to those without shade.',
    },
    {
      headline:
        'A forest planted by schoolchildren in {1921-1968} is now home to {lynx|storks|wild bees|white-tailed eagles}',
      standfirst: 'Three of the planters, now over eighty, cut the ribbon of a footpath on {weekday}.',
    },
    {
      headline: 'Seagrass comes back to the shallows off {city}',
      standfirst:
        'Divers of {institute} mapped {12-88} hectares. With it came {eels|harbour seals|otters}, to some surprise.',
    },
  ],
  sport: [
    {
      headline: 'Keeper {surname} scores from his own half to save {city}',
      standfirst: 'The wind helped. {rival} had been {2-3} up with four minutes to play.',
    },
    {
      headline: '{country} win the {sport} relay by the width of a glove',
      standfirst: 'Judges studied the photograph for {20-55} minutes, and then shook hands.',
    },
    {
      headline: '{city} beat {rival} {3-5}–{0-2} to go top',
      standfirst: '{person} scored twice before half-time. The second half was played in fog and is disputed.',
    },
    {
      headline: '{surname} wins the {season} {sport} open at the {second|third|ninth} attempt',
      standfirst: 'It was over in {48-170} minutes. “I had packed to go home,” said the winner.',
    },
    {
      headline: 'Record crowd of {21000-64000} sees {city} and {rival} draw {1-3} all',
      standfirst: 'Both keepers were cheered off. The replay is on {weekday}, with more trains.',
    },
    {
      headline: '{country} names a squad of {18-26} for the {season} games, without {surname}',
      standfirst: 'Coach {person} wants “legs and luck”. The captain has retired to keep bees.',
    },
    {
      headline: 'Marathon of {city} is won by its own pacemaker',
      standfirst: '{person} was to stop at kilometre {28-34}, felt well, and went on.',
    },
    {
      headline: 'Relegated {rival} will play next season in a borrowed stadium',
      standfirst: 'The roof of their own gave way to snow. {city} have offered theirs, at {2-9} hours by train.',
    },
    {
      headline: '{person}, {15-17}, breaks the national {sport} record',
      standfirst: 'The old one had stood since {1974-1998}. Its holder was in the crowd, and waved.',
    },
  ],
  culture: [
    {
      headline: 'A street in {city} is repainted in its colours of {1890-1930}',
      standfirst: 'Conservators scraped through {9-31} coats. Number seven turned out to be pink.',
    },
    {
      headline: '{person} plays every {instrument} sonata in one sitting',
      standfirst: 'It took {6-14} hours, two bows and a plate of sandwiches.',
    },
    {
      headline: 'Lost {instrument} concerto is found in a piano stool in {city}',
      standfirst: 'It will be played on {weekday}, for the first time in {70-180} years, by {person}.',
    },
    {
      headline: 'Museum of {city} lets visitors choose what hangs in its great hall',
      standfirst: 'After {9000-48000} votes, the winner is a small painting of a kitchen.',
    },
    {
      headline: 'The old picture house of {city} is saved by its own audience',
      standfirst: 'Some {900-4800} people bought a seat each, with a brass plate. The first film is silent.',
    },
    {
      headline: 'Director {person} will film {title} in {country}',
      standfirst: 'Shooting takes {5-14} weeks on the banks of the {river}, with people of {city} as the crowd.',
    },
    {
      headline: '{city} choir sings through the night, and has to be asked to stop',
      standfirst: 'The {season} festival was to end at midnight. {120-640} singers were still there at dawn.',
    },
    {
      headline: 'Theatre in {rival} stages {title} on a moving tram',
      standfirst: 'The audience is {24-60} a night. Those who miss their stop miss the third act.',
    },
  ],
  'culture/books': [
    {
      headline: 'Poet {surname} leaves {city} an unfinished poem, and a pen',
      standfirst: 'Anyone may add a line. There are {40-900} so far; some are good.',
    },
    {
      headline: '{person} wins the Meridian Prize for {title}',
      standfirst: 'The jury of {5-9} read {88-210} novels, and agreed “on the second cup of coffee”.',
    },
    {
      headline: 'Library of {city} forgives all fines, and {400-3900} books come home',
      standfirst: 'The oldest was due in {1926-1958}. It is a guide to good memory.',
    },
    {
      headline: 'A new translation restores {8-40} missing pages of {title}',
      standfirst: '{person} found them in the papers of a censor who had kept everything.',
    },
    {
      headline: 'Bookshop in {city} sells only {title}, and does well',
      standfirst: 'It has {12-60} editions in stock. The owner, {person}, has read most of them.',
    },
  ],
} satisfies Readonly<Record<string, Several<Template>>>

/** The part of a topic after `news/`. */
export type Desk = keyof typeof desks

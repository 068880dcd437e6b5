/** One way to break the built core. */
export interface Mutant {
  readonly name: string
  /** Code as it was built; how it is laid out does not matter. Must be there exactly once in all files together. */
  readonly find: string
  readonly replace: string
}

/** Each breaks one promise, and the resume checker must see it. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no gap check',
    find: 'if (seq > this.startSeq || this.#log.compare(position, this.#start) >= 0) return true;',
    replace: 'return true;',
  },
  {
    name: 'cursor taken after the replay',
    find: 'this.#isReplaying = false; this.#audience.join(this);',
    replace: 'this.#isReplaying = false; this.#mark = fanOut.ring.head; this.#audience.join(this);',
  },
  {
    name: 'cursor taken after the first read of the replay',
    find: 'this.#mark = mark; if (chunk !== void 0) this.#sentSeq = lastSeq;',
    replace: 'this.#mark = fanOut.flushed; if (chunk !== void 0) this.#sentSeq = lastSeq;',
  },
  {
    name: 'cursor moved before the sink took the bytes',
    find: 'if (!this.connection.isWritable) return this.#fallBehind(before);',
    replace: 'if (!this.connection.isWritable) return this.#fallBehind(upTo);',
  },
  {
    name: 'cursor not moved by the write that filled the sink',
    find: 'if (!hasRoom) this.#fallBehind(upTo);',
    replace: 'if (!hasRoom) this.#fallBehind(before);',
  },
  {
    name: 'frames dropped when the sink is full',
    find: 'if (!this.connection.isWritable) return this.#fallBehind(before);',
    replace: 'if (!this.connection.isWritable) return;',
  },
  {
    name: "an id before the snapshot's end",
    find: 'this.#phase = "showing"; this.connection.open();',
    replace: `this.#phase = "showing";
      this.connection.open(\`id: \${this.#options.fanOut.ring.idOf(call.mark.position)}\\n\\n\`);`,
  },
  {
    name: 'an id on the gap before a snapshot',
    find: '...!snapshot && { id: to }',
    replace: 'id: to',
  },
  {
    name: 'a checkpoint while a snapshot is awaited',
    find: 'const isStale = this.#phase === "live" && this.#sentSeq < fanOut.flushed.seq;',
    replace: 'const isStale = this.#sentSeq < fanOut.flushed.seq;',
  },
  {
    name: "snapshot's cursor taken after the snapshot",
    find: 'call.leave(); this.#phase = "reading"; this.#sentSeq = call.mark.seq;',
    replace: 'call.leave(); this.#phase = "reading"; this.#mark = this.#options.fanOut.flushed;',
  },
  {
    name: 'second snapshot after half of the first, unannounced',
    find: 'if (sent > 0) this.#gap = { reason: "lag", from: null };',
    replace: '',
  },
  {
    name: 'unflushed frames evicted',
    find: 'else this.#flushLater(); this.ring.evict(this.#flushed.seq, now);',
    replace: 'else this.#flushLater(); this.ring.evict(this.ring.headSeq, now);',
  },
  {
    name: 'epoch ignored',
    find: 'if (epoch !== this.ring.epoch) return this.#log.isLaterEpoch',
    replace: 'if (false) return this.#log.isLaterEpoch',
  },
  {
    name: 'another history not told to who is connected',
    find: 'for (const cursor of this.#cursors) cursor.lose(reason);',
    replace: '',
  },
  {
    name: 'history lost within an epoch not noticed',
    find: 'const isLost = epoch !== ring.epoch || log.compare(floor, ring.head.position) > 0;',
    replace: 'const isLost = epoch !== ring.epoch;',
  },
  {
    name: '`>` for `>=` at the floor',
    find: 'this.#log.compare(position, this.#newestEvicted(selection)) >= 0',
    replace: 'this.#log.compare(position, this.#newestEvicted(selection)) > 0',
  },
  {
    name: 'ring that is full one event too early',
    find: 'this.#frames.length <= maxEvents && this.#bytes <= maxBytes',
    replace: 'this.#frames.length < maxEvents && this.#bytes <= maxBytes',
  },
  {
    name: 'ring that counts evicted bytes',
    find: 'this.#frames.shift(); this.#bytes -= frame.length;',
    replace: 'this.#frames.shift();',
  },
  {
    name: 'ring without a bound in bytes',
    find: 'this.#frames.length <= maxEvents && this.#bytes <= maxBytes',
    replace: 'this.#frames.length <= maxEvents',
  },
  {
    name: 'floor of the log forgotten',
    find: 'this.#rest = floor;',
    replace: 'this.#rest = "0";',
  },
  {
    name: 'oldest evicted position kept, not the newest',
    find: 'this.#evicted.delete(topic); this.#evicted.set(topic, position);',
    replace: 'if (!this.#evicted.has(topic)) this.#evicted.set(topic, position);',
  },
  {
    name: 'newest evicted position asked once and for all',
    find: 'if (known?.evictions === this.#evictions) return known.position;',
    replace: 'if (known !== void 0) return known.position;',
  },
  {
    name: 'a checkpoint above what was written',
    find: 'this.#sentSeq = fanOut.flushed.seq; return fanOut.checkpoint;',
    replace: `this.#sentSeq = fanOut.flushed.seq;
      return Chunk.ofText(\`id: \${fanOut.ring.idOf(fanOut.ring.head.position)}\\n\\n\`, 0);`,
  },
  {
    name: 'no checkpoints as the ring goes on',
    find: 'for (const cursor of this.#cursors) cursor.sweep(since);',
    replace: '',
  },
  {
    name: 'conflation by key alone',
    find: `return key === void 0 ? void 0 : \`\${topic}\\n\${event}\\n\${key}\`;`,
    replace: 'return key;',
  },
  {
    name: 'conflation by what the filter refuses',
    find: 'newer = newer.newer) if (this.accepts(newer)) return true;',
    replace: 'newer = newer.newer) return true;',
  },
  {
    name: 'conflation by what comes after the last event',
    find: 'const end = conflate ? this.#endBetween(after, upTo.seq) : upTo.seq;',
    replace: 'const end = upTo.seq;',
  },
  {
    name: 'read for who conflates shared with who does not',
    find: 'last.upTo === upTo && last.conflate === conflate',
    replace: 'last.upTo === upTo',
  },
  {
    name: 'gap over what the ring holds',
    find: 'return lag === "skip" ? fanOut.flushed : fanOut.ring.start;',
    replace: 'return fanOut.flushed;',
  },
  {
    name: 'replay up to the head',
    find: 'this.#audience.read(seq, fanOut.flushed, lag === "conflate")',
    replace: 'this.#audience.read(seq, fanOut.ring.head, lag === "conflate")',
  },
  {
    name: 'resume with the event that the client has',
    find: 'this.#log.compare(frame.position, position) <= 0',
    replace: 'this.#log.compare(frame.position, position) < 0',
  },
  {
    name: 'resume with ids of events only',
    find: 'return { kind: "at", mark: this.ring.markOf(position) };',
    replace: `const mark = this.ring.markOf(position);
      if (this.ring.frame(mark.seq)?.position !== position) return { kind: "lost", reason: "unknown-id", from: id };
      return { kind: "at", mark };`,
  },
  {
    name: 'replay of one event too many',
    find: 'if (--left > 0) return true;',
    replace: 'if (left-- > 0) return true;',
  },
  {
    name: 'audience made in mid-turn begins with the next',
    find: 'this.choice = choice; this.#takeOver();',
    replace: 'this.choice = choice;',
  },
  {
    name: 'event delivered for each pattern that matches',
    find: 'if (this.#pending.at(-1) === frame || this.#endsAt !== void 0',
    replace: 'if (this.#endsAt !== void 0',
  },
  {
    name: 'id ahead of the log taken as it is',
    find: 'if (this.#log.compare(position, this.#flushed.position) > 0) return { kind: "ahead", position };',
    replace: '',
  },
  {
    name: 'id ahead of the log not waited for',
    find: 'fanOut.heartbeat.now + AHEAD_TIMEOUT;',
    replace: 'fanOut.heartbeat.now;',
  },
  {
    name: 'nobody told when the log reaches an id',
    find: 'waiting.push(...this.#ahead.keys()); this.#ahead.clear();',
    replace: '',
  },
  {
    name: 'stream goes on after its last event',
    find: 'if (endsAt !== void 0) for (const cursor of live) cursor.endAt(endsAt);',
    replace: '',
  },
  {
    name: 'stream that has ended begins again',
    find: 'hasEnded = this.accepts(frame) && this.ends(frame);',
    replace: 'hasEnded = false;',
  },
  {
    name: 'drain unheard on the Web',
    find: 'this.#isFull = false; this.#owner.drained();',
    replace: 'this.#isFull = false;',
  },
  {
    name: 'drain unheard on Node',
    find: 'if (hasRoom) this.#owner?.drained();',
    replace: '',
  },
  {
    name: 'client that has gone kept',
    find: 'this.#controller = void 0; this.#owner.gone();',
    replace: 'this.#controller = void 0;',
  },
  {
    name: "the application's own events moved before what waits",
    find: 'this.#queue.push({ chunk, settle: this.#settle });',
    replace: 'this.#queue.unshift({ chunk, settle: this.#settle });',
  },
  {
    name: 'slow client cut though the ring has everything',
    find: 'this.#gap === void 0 && !this.#isComplete) this.connection.close("slow");',
    replace: 'this.#gap === void 0) this.connection.close("slow");',
  },
  {
    name: 'stream that was closed still counted',
    find: 'if (this.#limits.leave(connection) && connection.wasOpened) this.#ended(connection, reason);',
    replace: 'if (connection.wasOpened) this.#ended(connection, reason);',
  },
  {
    name: 'publish that resolves before its place is known',
    find: `const id = \`\${epoch}.\${position}\`;`,
    replace: `const id = globalThis.lastId ?? ""; globalThis.lastId = \`\${epoch}.\${position}\`;`,
  },
  {
    name: 'rejection that nobody hears of',
    find: 'if (!this.#isHeard) by.unheard(error);',
    replace: '',
  },
  {
    name: 'direct reader not told of a gap',
    find: 'if (!fanOut.ring.isComplete(this.#audience.selection, mark)) throw gap("lag");',
    replace: '',
  },
  {
    name: 'direct reader of another history not told',
    find: 'if (this.#epoch !== fanOut.ring.epoch) throw gap("epoch");',
    replace: '',
  },
  {
    name: 'publish that was answered still counted as waiting',
    find: 'this.#appending--; if (refusal !== void 0)',
    replace: 'if (refusal !== void 0)',
  },
  {
    name: 'log that is back still told to be away',
    find: 'this.#isAway = false;',
    replace: '',
  },
]

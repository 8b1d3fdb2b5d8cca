import { describe, expect, it } from 'vitest';
import { needEvent } from './notification.ts';

/** The specification's sentence, step by step: one of the indices from `before` to `now` - 1 is the event. */
function passes(event: number, now: number, before: number): boolean {
  for (let index = before; index !== now; index = (index + 1) & 0xffff) if (index === event) return true;
  return false;
}

describe('[virtio 1.2 §2.7.7.2] Device Requirements: Used Buffer Notification Suppression', () => {
  const boundary = [0, 1, 2, 3, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xfffd, 0xfffe, 0xffff];

  it('VQ-26: needEvent is the sentence of the specification for every triple of a boundary set', () => {
    for (const before of boundary)
      for (const now of boundary)
        for (const event of boundary)
          if (needEvent(event, now, before) !== passes(event, now, before)) expect.fail(`event ${event}, now ${now}, before ${before}`);
  });

  it('VQ-26: for every position of the wrap, the event just passed asks and its neighbours do not', () => {
    for (let event = 0; event <= 0xffff; event++) {
      const after = (event + 1) & 0xffff;
      if (!needEvent(event, after, event)) expect.fail(`event ${event}`);
      if (needEvent(after, after, event)) expect.fail(`event ${event}, one ahead`);
      if (needEvent((event - 1) & 0xffff, after, event)) expect.fail(`event ${event}, one behind`);
      if (needEvent(event, event, event)) expect.fail(`event ${event}, nothing new`);
    }
  });
});

/** The chapters, in the order in which they stand in a channel journal and in the system journal (RFC 6295 section 5). */
import type { ChannelChapter, SystemChapter } from './chapter.ts';
import { chapterA } from './chapters/chapter-a.ts';
import { chapterC } from './chapters/chapter-c.ts';
import { chapterD } from './chapters/chapter-d.ts';
import { chapterE } from './chapters/chapter-e.ts';
import { chapterF } from './chapters/chapter-f.ts';
import { chapterM } from './chapters/chapter-m.ts';
import { chapterN } from './chapters/chapter-n.ts';
import { chapterP } from './chapters/chapter-p.ts';
import { chapterQ } from './chapters/chapter-q.ts';
import { chapterT } from './chapters/chapter-t.ts';
import { chapterV } from './chapters/chapter-v.ts';
import { chapterW } from './chapters/chapter-w.ts';
import { chapterX } from './chapters/chapter-x.ts';

export const CHANNEL_CHAPTERS: readonly ChannelChapter[] = [
  chapterP,
  chapterC,
  chapterM,
  chapterW,
  chapterN,
  chapterE,
  chapterT,
  chapterA,
];

export const SYSTEM_CHAPTERS: readonly SystemChapter[] = [
  chapterD,
  chapterV,
  chapterQ,
  chapterF,
  chapterX,
];

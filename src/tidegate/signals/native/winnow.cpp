// Anchors of texts by winnowing, to the bit those that fingerprints/text_winnowing.py makes in numpy.
//
// What is no letter or digit is left out, so that quotation marks and line ends hide nothing; an
// ideograph or syllable of the wide scripts counts three times, since it says as much. All runs of 24
// of these units are hashed, rolling, and of each 64 neighbouring hashes the least is an anchor: two
// texts that share a run of 87 units share an anchor, wherever in them it stands.
//
// To change it: the constants stand here and in text_winnowing.py; tests/signals/test_winnowing.py
// compares the two.
#include "kernels.h"

constexpr i64 SHINGLE = 24;  // units
constexpr i64 WINDOW = 64;   // shingles
constexpr i64 LEAST = 160;   // units; a text of fewer has no anchors
constexpr u64 BASE = 0x9E3779B97F4A7C15;
constexpr u64 MIX = 0xD6E8FEB86659FD93;

constexpr u64 power(u64 base, i64 exponent) {
  u64 product = 1;
  for (; exponent; exponent--) product *= base;
  return product;
}
constexpr u64 LEAVING = power(BASE, SHINGLE);

// How many units a character of a normal form is: none for marks, punctuation and symbols.
INLINE int weight(u32 c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  if (c < 0xC0) return 0;
  if (c < 0x2000) {
    const bool marks = (c >= 0x300 && c < 0x370) || (c >= 0x591 && c < 0x5C8) || (c >= 0x64B && c < 0x660);
    return !marks;
  }
  if (c < 0x2C00 || (c >= 0x3000 && c < 0x3005) || (c >= 0xFE00 && c < 0xFF00)) return 0;
  if ((c >= 0x1F000 && c < 0x20000) || c >= 0xE0000) return 0;
  const bool wide = (c >= 0x2E80 && c < 0xA4D0) || (c >= 0xAC00 && c < 0xFB00);
  return wide || c >= 0x20000 ? 3 : 1;
}

// The least of the last WINDOW hashes, as they come: of those in the block of WINDOW that is being
// filled, and of those that are still in reach of the block before it.
struct Window {
  u64 hashes[WINDOW], reach[WINDOW + 1];  // reach[n]: the least of the block before from n on
  u64 filled = ~0ull;
  i64 place = 0;
  Window() {
    for (u64& least : reach) least = ~0ull;
  }
  inline __attribute__((always_inline)) u64 see(u64 hash) {
    hashes[place] = hash;
    filled = hash < filled ? hash : filled;
    const u64 before = reach[++place];
    const u64 least = filled < before ? filled : before;
    if (place < WINDOW) return least;
    for (u64 low = ~0ull; place;) {
      place--;
      low = hashes[place] < low ? hashes[place] : low;
      reach[place] = low;
    }
    filled = ~0ull;
    return least;
  }
};

// A text's anchors, in the order of their places, as many as there is room for.
struct Winnower {
  static constexpr i64 BLOCK = 1024;
  u32 units[SHINGLE + BLOCK] = {};  // those of the last shingle, and the next
  i64 fresh = 0, total = 0, made = 0, room;
  u64 sum = 0, last = 0, *anchors;
  Window window;
  Winnower(u64* anchors, i64 room) : room(room), anchors(anchors) {}
  inline __attribute__((always_inline)) void take(u32 unit) {
    units[SHINGLE + fresh] = unit;
    if (++fresh == BLOCK) flush();
  }
  void flush() {
    const u32* unit = units + SHINGLE;
    for (i64 at = 0; at < fresh; at++) {
      sum = sum * BASE + unit[at] - unit[at - SHINGLE] * LEAVING;
      if (++total < SHINGLE) continue;
      const u64 hash = (sum ^ sum >> 32) * MIX;
      const u64 least = window.see(hash ^ hash >> 32);
      if (total < SHINGLE + WINDOW - 1 || (made && least == last) || made == room) continue;
      anchors[made++] = last = least;
    }
    for (i64 at = 0; at < SHINGLE; at++) units[at] = units[fresh + at];
    fresh = 0;
  }
};

__attribute__((noinline)) static i64 winnow(const u32* text, i64 length, u64* anchors, i64 room) {
  Winnower winnower(anchors, room);
  for (i64 at = 0; at < length; at++)
    for (int times = weight(text[at]); times; times--) winnower.take(text[at]);
  winnower.flush();
  return winnower.total < LEAST ? 0 : winnower.made;
}

// The anchors of `count` texts, which follow one another in `texts` as code points, each up to its
// place in `ends`: those of a text from its beginning in `anchors` on, as many as `made` says, and of
// n characters at most n.
EXPORT void tidegate_winnow(const u32* texts, const i64* ends, i64 count, u64* anchors, i64* made) {
  i64 start = 0;
  for (i64 text = 0; text < count; text++) {
    made[text] = winnow(texts + start, ends[text] - start, anchors + start, ends[text] - start);
    start = ends[text];
  }
}

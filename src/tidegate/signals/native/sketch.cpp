// What clusters know of a text, in 368 bytes: to the bit what triage/sketch_slow.py makes in Python.
//
// One pass over the code points of a text (NFKD) makes its *form*: folded letters, marks, digits and
// symbols with single spaces between them. Punctuation, links, mentions and the word RT are left out. Of the form come
// - a digest that spaces do not change: equal for texts that are equal after normalisation;
// - 128 bins, the least shingle of each by one-permutation MinHash (Li, Owen and Zhang 2012): all runs
//   of 4 units are hashed, and each falls into one bin. An ideograph counts two units, since it says
//   as much as two letters. A bin that nothing fell into is 0, so short texts are compared nearly
//   exactly;
// - up to 24 terms, the words by which stories are known.
//
// `fold` says what each code point becomes (see signals/native/sketch.py, which fills it).
#include "kernels.h"
#include "blake2b.inc"

constexpr int BINS = 128, TERMS = 24, SHINGLE = 4;
constexpr u64 MIX = 0x9E3779B97F4A7C15;
constexpr u32 PICK = 0x9E3779B1;

enum Kind : u32 { NOTHING, SPACE, SIGN, WORD, WIDE, SYMBOL };
constexpr u32 POINT = 0x1FFFFF;  // of an entry of `fold`: a code point, or a place in `more`
constexpr u32 UPPER = 1 << 24, SEVERAL = 1 << 25, NUMBER = 1 << 26;  // an entry of 0 is not made yet
INLINE Kind kind_of(u32 entry) { return static_cast<Kind>(entry >> 21 & 7); }

struct Sketch {
  u8 digest[16];
  u16 bins[BINS];
  u32 terms[TERMS];  // bits 2 to 31 are the word's hash; 1: has a capital, 2: a tag, 0: neither
};
static_assert(sizeof(Sketch) == 368);

struct Folding {
  const u32* fold;  // of each code point
  const u32* more;  // where an entry says SEVERAL: how many there are, and the entries
  u64 units[SHINGLE];
};

// The words of a text, as it is read, and which of them are kept.
struct Terms {
  u32 kept[TERMS] = {};
  int count = 0;
  u64 hash = 0, letters = 0;
  u32 before = 0;  // an ideograph: two neighbours are a word
  bool capital = false, tag = false, number = true;

  void letter(u32 point, u32 entry) {
    if (!letters) capital = entry & UPPER;
    hash = (hash ^ point) * MIX;
    hash ^= hash >> 32;
    letters++;
    number = number && entry & NUMBER;
  }
  void ideograph(u32 point) {
    if (before) keep((((static_cast<u64>(before) << 32) ^ point) * MIX) >> 32, 0);
    before = point;
  }
  void end(bool counts) {
    if (counts && letters > 1 && !number) keep(static_cast<u32>(hash >> 32), tag ? 2 : capital ? 1 : 0);
    hash = letters = before = 0;
    capital = tag = false;
    number = true;
  }

 private:
  // The first come, and those with a capital or a tag in place of the last that have none.
  void keep(u32 word, u32 how) {
    word &= ~3u;
    if (!word) word = 4;
    for (int z = 0; z < count; z++)
      if ((kept[z] & ~3u) == word) {
        if ((kept[z] & 3) < how) kept[z] = word | how;
        return;
      }
    if (count < TERMS) {
      kept[count++] = word | how;
      return;
    }
    if (!how) return;
    for (int z = TERMS - 1; z >= 0; z--)
      if (!(kept[z] & 3)) {
        kept[z] = word | how;
        return;
      }
  }
};

// Reads one text; `form` has room for twelve units a code point and SHINGLE more.
struct Reader {
  const Folding& by;
  u32* form;
  i64 length = 0, word = 0;  // where the present word began
  Terms terms;
  bool missing = false;  // an entry

  Reader(const Folding& by, u32* form) : by(by), form(form) {}

  void put(u32 unit) { form[length++] = unit; }
  void end() {
    // "RT" says that somebody passed it on; who also says "RT @user:" is no other text.
    const bool retweet = length - word == 2 && form[word] == 'r' && form[word + 1] == 't';
    terms.end(!retweet);
    if (retweet) length = word;
    if (length && form[length - 1] != ' ') put(' ');
    word = length;
  }
  void take(u32 entry) {
    const u32 point = entry & POINT;
    switch (kind_of(entry)) {
      case NOTHING: break;
      case SPACE:
      case SIGN: end(); break;
      case SYMBOL:
        end();
        put(point);
        end();
        break;
      case WORD:
        put(point);
        terms.letter(point, entry);
        break;
      case WIDE:
        put(point);
        put(point | 1u << 31);
        terms.ideograph(point);
        break;
    }
  }
  void take_all(u32 entry) {
    if (!(entry & SEVERAL)) return take(entry);
    const u32* several = by.more + (entry & POINT);
    for (u32 z = 1; z <= several[0]; z++) take(several[z]);
  }
  void finish() {
    end();
    if (length) length--;  // the last space
  }
};

INLINE bool wordy(u32 entry) { return kind_of(entry) == WORD || kind_of(entry) == WIDE; }
INLINE u32 lower(u32 c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

static bool follows(const u32* at, const u32* end, const char* what) {
  for (; *what; what++, at++)
    if (at == end || lower(*at) != static_cast<u32>(*what)) return false;
  return true;
}

// Whether a link begins here: an address, or in the beginning of a word what may be left of one.
static bool is_link(const u32* at, const u32* end, bool in_word) {
  const u32 first = lower(*at);
  if (first == 'h') {
    if (!follows(at, end, "http")) return false;
    return !in_word || follows(at, end, "http://") || follows(at, end, "https://");
  }
  return first == 'w' && !in_word && follows(at, end, "www.");
}

static void read(Reader& reader, const u32* at, const u32* end) {
  const u32* fold = reader.by.fold;
  bool in_word = false;
  while (at < end) {
    const u32 entry = fold[*at];
    if (is_link(at, end, in_word)) {
      reader.end();
      while (at < end && kind_of(fold[*at]) != SPACE) at++;
      in_word = false;
      continue;
    }
    if (*at == '@' && at + 1 < end && (wordy(fold[at[1]]) || at[1] == '_')) {
      reader.end();
      for (at++; at < end && (wordy(fold[*at]) || *at == '_');) at++;
      in_word = false;
      continue;
    }
    reader.missing |= !entry;
    reader.take_all(entry);
    if (*at == '#') reader.terms.tag = true;
    if (kind_of(entry) != NOTHING) in_word = wordy(entry);
    at++;
  }
  reader.finish();
}

// Whether all entries were there.
static bool make(const Folding& by, const u32* text, i64 length, u32* form, Sketch& sketch) {
  Reader reader(by, form);
  read(reader, text, text + length);
  if (reader.missing) return false;
  Blake2b digest;
  for (i64 at = 0; at < reader.length; at++)
    if (form[at] != ' ' && !(form[at] >> 31)) digest.take(form[at]);
  digest.finish(sketch.digest);
  for (int z = 0; z < TERMS; z++) sketch.terms[z] = z < reader.terms.count ? reader.terms.kept[z] : 0;
  u32 least[BINS];
  for (u32& low : least) low = ~0u;
  for (int z = 0; z < SHINGLE; z++) form[reader.length + z] = 0;
  const i64 shingles = reader.length == 0 ? 0 : reader.length < SHINGLE ? 1 : reader.length - SHINGLE + 1;
  for (i64 at = 0; at < shingles; at++) {
    u64 mixed = 0;
    for (int z = 0; z < SHINGLE; z++) mixed += form[at + z] * by.units[z];
    mixed ^= mixed >> 32;
    mixed *= MIX;
    const u32 hash = static_cast<u32>(mixed >> 32);
    u32& low = least[hash >> 25];
    if (hash < low) low = hash;
  }
  for (int bin = 0; bin < BINS; bin++) {
    const u32 value = (least[bin] * PICK) >> 16;
    sketch.bins[bin] = least[bin] == ~0u ? 0 : static_cast<u16>(value ? value : 1);
  }
  return true;
}

// The sketches of `count` texts in NFKD, which follow one another in `texts`, each up to its place in
// `ends`. `form` has room for twelve units a code point of the longest text, and SHINGLE more. Whether
// that could be done: else entries of `fold` are missing.
EXPORT i32 tidegate_sketch(const Folding* by, const u32* texts, const i64* ends, i64 count, u32* form,
                            u8* sketches) {
  i64 start = 0;
  for (i64 text = 0; text < count; text++) {
    Sketch& sketch = reinterpret_cast<Sketch*>(sketches)[text];
    if (!make(*by, texts + start, ends[text] - start, form, sketch)) return 0;
    start = ends[text];
  }
  return 1;
}

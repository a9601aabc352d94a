// Exact range search over 256-bit codes: which rows lie within a radius of a query?
//
// Two ways lead to the same answer, and the cheaper is taken query by query.
//
// *Scan*: every row is compared, blocks of rows times all queries, so that a block stays in cache.
//
// *Table* (inlined multi-index hashing). A code is 16 bands of 16 bits. Two codes within radius r
// differ in some band by at most level = r / 16 bits (were all bands off by more, the sum would
// exceed r). So for each band, the rows are sorted into 65,536 buckets by their value of that band
// (CSR: `offsets` say where a bucket begins), and a query looks only into the buckets whose value
// is within `level` bits of its own: 16 x 1, 16 x 17 or 16 x 137 buckets for radii up to 15, 31, 47.
// A bucket entry carries, beside the row's number, 96 bits of six *other* bands: nearly every
// candidate fails on those, in the line of memory that is there already. Only the few that are left
// have their row read. A row that several bands lead to is reported by the first of them alone:
// the others see that an earlier band is within `level` too, so no set of what was seen is needed.
//
// A search goes like this: `search_all` (hamming_search.inc, compiled for each path) takes the queries
// in batches. For each, `plan` reads from the offsets which buckets there are and weighs them against
// a scan; `look_up` walks the buckets, `near_entries` turning nearly all entries away. The others of
// the batch are put together for one `scan`, where `near_rows` does that with rows.
//
// To change the layout:
//   1. BANDS, and the width of a band, which fixes BUCKETS, the type that `band` returns and FLIPS.
//   2. OTHERS and `Entry`: which bands an entry carries, and `entry_of`, which puts them there;
//      SHARES says how many of their bits there are (96).
//   3. `level_of` is the pigeonhole argument, `PATTERNS` the values within a level; both follow BANDS.
//   4. `near_entries` of each path compares an entry; `tidegate_build` sorts by halves of a band.
//   5. hamming.py knows BANDS, SPAN and the size of an entry; segments on disk hold such tables, so
//      their format's version must rise, and so must TIDEGATE_ABI.
// tests/signals/test_native_hamming.py and tests/native/run.sh compare all of it with an obvious
// search; then measure the costs below anew.
//
// Nothing is allocated and nothing kept: all memory belongs to the caller. Rows are numbered by u32.
// Any number of threads may search the same table at once. Where the arrays are mapped from a file,
// its `Guard` (guard.h) is asked before anything in it is believed: a bad block in the table makes
// the queries that need it scan, and rows of a bad block are left out, which the caller is told.
// A file that lies although its checksums are right can make answers wrong, but cannot lead a search
// outside the arrays: what it says of places is compared with `count` first.
#include "guard.h"

constexpr int BANDS = 16;
constexpr u32 BUCKETS = 1u << 16;
constexpr u32 SPAN = BUCKETS + 1;  // offsets of a band: the last is the end of the last bucket
constexpr int OTHERS[6] = {3, 5, 7, 9, 11, 13};  // bands an entry carries, counted from its own
constexpr int MAX_LEVEL = 2;
constexpr int FLIPS[MAX_LEVEL + 1] = {1, 17, 137};  // values within so many bits of a given one
constexpr u32 TILE = 2048;                          // rows scanned at a time: 64 KiB
constexpr int BATCH = 64;                           // queries whose scans are put together

struct Code {
  u64 word[4];
};
struct Entry {
  u64 low;   // bands OTHERS[0..3]
  u32 high;  // bands OTHERS[4..5]
  u32 row;
};
static_assert(sizeof(Code) == 32 && sizeof(Entry) == 16, "as the Python side lays them out");

// The rows, and where there is one, their table. `radii` and `gone` may change while others search: a
// row that such a change concerns is in the answer or not.
struct Rows {
  const Code* codes;
  const u16* groups;     // each row's; null: all are of group 0
  const i16* radii;      // of each of the 65,536 groups; -1: none of its rows is found
  const u64* gone;       // a bit for each row that is taken out; null: none is
  const u32* offsets;    // [BANDS][SPAN]; null: no table, every search scans
  const Entry* entries;  // [BANDS][count], by bucket
  const Guard* guard;    // of the file that some of these arrays lie in; null: they are in memory
  i64 count;
};

// What is asked, and where the answers go. Hits beyond `capacity` are counted but not written.
struct Search {
  const Code* queries;
  const i16* radius;  // of each query; null: only the groups' own
  u32* hits;          // [count], how many each query has; zero at the start
  u32* query;         // [capacity], and so the next two: a hit's query, row and distance
  u32* row;
  i16* distance;
  i64 count;
  i64 capacity;    // 0: hits are counted only
  i64 limit;       // hits a query, any of them and not the nearest; 0: all
  i64 max_radius;  // no hit is farther, whatever its group and query say
  i64 scanned;     // out: how many queries were scanned
  i64 damaged;     // out: how often a bad block was met
};

INLINE u16 band(const Code& code, int place) {
  return static_cast<u16>(code.word[place >> 2] >> (16 * (place & 3)));
}

INLINE Entry entry_of(const Code& code, int place, u32 row) {
  u64 low = 0;
  u32 high = 0;
  for (int z = 0; z < 4; z++)
    low |= static_cast<u64>(band(code, (place + OTHERS[z]) & 15)) << (16 * z);
  for (int z = 4; z < 6; z++)
    high |= static_cast<u32>(band(code, (place + OTHERS[z]) & 15)) << (16 * (z - 4));
  return {low, high, row};
}

// ---------------------------------------------------------------------- what all paths share

// The greatest distance that a hit of this query can have.
INLINE int reach(const Search& search, i64 query) {
  const int most = static_cast<int>(search.max_radius);
  return search.radius && search.radius[query] < most ? search.radius[query] : most;
}

INLINE bool is_full(const Search& search, i64 query) {
  return search.limit && search.hits[query] >= search.limit;
}

INLINE bool counts(const Rows& rows, u32 row, int far, int radius) {
  return far <= radius && far <= rows.radii[rows.groups ? rows.groups[row] : 0] &&
         !(rows.gone && rows.gone[row >> 6] >> (row & 63) & 1);
}

INLINE i64 report(Search& search, i64 found, i64 query, u32 row, int far) {
  search.hits[query]++;
  if (found < search.capacity) {
    search.query[found] = static_cast<u32>(query);
    search.row[found] = row;
    search.distance[found] = static_cast<i16>(far);
  }
  return found + 1;
}

struct Bucket {
  u32 begin, end;
  int band;
};

// All 16-bit patterns of at most two ones, fewer ones first: what a near value differs by.
struct Patterns {
  u16 flip[FLIPS[MAX_LEVEL]];
  constexpr Patterns() : flip() {
    int next = 1;
    for (int a = 0; a < 16; a++) flip[next++] = static_cast<u16>(1 << a);
    for (int a = 0; a < 16; a++)
      for (int b = 0; b < a; b++) flip[next++] = static_cast<u16>(1 << a | 1 << b);
  }
};
constexpr Patterns PATTERNS;

INLINE int level_of(int radius) { return radius / BANDS; }

// What the table costs, in rows scanned (1.1 ns each; measured on an AMD EPYC with tables of 0.1 to 6
// million, random and with clusters): asking where a bucket is, going to one that is not empty, an
// entry in it, and an entry whose bands are near, so that its row must be fetched. A row costs twice
// as much when it comes from memory for one query alone.
constexpr i64 PLACE_COST = 10, BUCKET_COST = 50, ENTRY_COST = 1, NEAR_COST = 12;
constexpr i64 CACHED_ROWS = 1 << 18;

// How many of 1024 random entries are within such a radius in their six bands: next to none up to
// radius 31, half of them at 47.
struct Shares {
  i64 near[BANDS * (MAX_LEVEL + 1)];
  constexpr Shares() : near() {
    double share = 0, ways = 1;
    for (int half = 0; half < 96; half++) ways /= 2;
    for (int radius = 0; radius < BANDS * (MAX_LEVEL + 1); radius++) {
      share += ways;
      ways = ways * (96 - radius) / (radius + 1);
      near[radius] = static_cast<i64>(1024 * share);
    }
  }
};
constexpr Shares SHARES;

// Whether the table may be the cheaper way: not with few rows or a wide radius.
INLINE bool may_look_up(const Rows& rows, int level) {
  return rows.offsets && level <= MAX_LEVEL && PLACE_COST * BANDS * FLIPS[level] <= rows.count;
}

// A table that nobody filled in, or that of other rows, is none.
INLINE bool is_filled(const Rows& rows) {
  for (int place = 0; place < BANDS; place++)
    if (rows.offsets[static_cast<size_t>(place) * SPAN + BUCKETS] != rows.count) return false;
  return true;
}

// The buckets to look into, or -1 where a scan is cheaper. Of the entries that random codes would
// have there, few are near; those beyond that number are there because the bank is skewed, and are
// taken to be near all of them.
INLINE int plan(const Rows& rows, const Code& query, int radius, bool alone, Bucket* buckets) {
  const int level = level_of(radius), places = BANDS * FLIPS[level];
  int many = 0;
  i64 entries = 0;
  bool wild = false;
  for (int place = 0; place < BANDS; place++) {  // the offsets' lines, of sixteen each
    const u32* offsets = rows.offsets + static_cast<size_t>(place) * SPAN;
    const u16 value = band(query, place);
    __builtin_prefetch(offsets + value);
    for (int bit = 4; bit < 16 && level; bit++) __builtin_prefetch(offsets + (value ^ 1 << bit));
  }
  for (int place = 0; place < BANDS; place++) {
    const u32* offsets = rows.offsets + static_cast<size_t>(place) * SPAN;
    const u16 value = band(query, place);
    for (int z = 0; z < FLIPS[level]; z++) {
      const u32 near = value ^ PATTERNS.flip[z];
      const u32 begin = offsets[near], end = offsets[near + 1];
      buckets[many] = {begin, end, place};
      wild |= end > rows.count;
      many += begin < end;
      entries += begin < end ? end - begin : 0;
    }
  }
  const i64 random = rows.count * places / BUCKETS;
  const i64 near = entries * SHARES.near[radius] / 1024 + (entries > random ? entries - random : 0);
  const i64 cost =
      PLACE_COST * places + BUCKET_COST * many + ENTRY_COST * entries + NEAR_COST * near;
  const i64 scan = alone && rows.count > CACHED_ROWS ? 2 * rows.count : rows.count;
  return wild || cost > scan ? -1 : many;
}

constexpr size_t LINE = 64;
constexpr size_t AHEAD = 4096;  // bytes of buckets on their way before they are looked into

INLINE const Entry* first_of(const Rows& rows, const Bucket& bucket) {
  return rows.entries + static_cast<size_t>(bucket.band) * static_cast<size_t>(rows.count) +
         bucket.begin;
}

INLINE size_t bytes_of(const Bucket& bucket) {
  return (bucket.end - bucket.begin) * sizeof(Entry);
}

INLINE void fetch(const Rows& rows, const Bucket& bucket) {
  const char* first = reinterpret_cast<const char*>(first_of(rows, bucket));
  for (size_t at = 0; at < bytes_of(bucket) + LINE - 16 && at < AHEAD; at += LINE)
    __builtin_prefetch(first + at);
}

// ------------------------------------------------------------------ what differs by processor
// A path says which of up to 64 rows, or entries, may be within a radius: those whose first half, or
// whose six bands, are. What it says yes to is measured again. And it says how a CRC advances.

// Each row, or entry, by itself.
#define ONE_BY_ONE                                                                                \
  TARGET INLINE u64 near_rows(const Code* rows, u32 count, const Code& query, int radius) {       \
    u64 near = 0;                                                                                 \
    for (u32 z = 0; z < count; z++) {                                                             \
      const int half =                                                                            \
          ones(rows[z].word[0] ^ query.word[0]) + ones(rows[z].word[1] ^ query.word[1]);          \
      if (__builtin_expect(half <= radius, 0)) near |= u64{1} << z;                               \
    }                                                                                             \
    return near;                                                                                  \
  }                                                                                               \
  TARGET INLINE u64 near_entries(const Entry* entries, u32 count, const Entry& key, int radius) { \
    u64 near = 0;                                                                                 \
    for (u32 z = 0; z < count; z++) {                                                             \
      const int part =                                                                            \
          ones(entries[z].low ^ key.low) + ones(static_cast<u64>(entries[z].high ^ key.high));    \
      if (__builtin_expect(part <= radius, 0)) near |= u64{1} << z;                               \
    }                                                                                             \
    return near;                                                                                  \
  }

#define TARGET
namespace portable {
INLINE int ones(u64 x) {
#if TIDEGATE_X86
  x -= x >> 1 & 0x5555555555555555;
  x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
  return static_cast<int>(((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56);
#else
  return __builtin_popcountll(x);
#endif
}
ONE_BY_ONE
constexpr auto crc = advance;
#include "hamming_search.inc"
}  // namespace portable
#undef TARGET

#if TIDEGATE_X86
// Such processors count the bits of one to four words a cycle. That beats counting in their wide
// registers, which have no instruction for it.
#define TARGET TARGET_AVX2
namespace avx2 {
TARGET INLINE int ones(u64 x) { return __builtin_popcountll(x); }
ONE_BY_ONE
constexpr auto crc = advance_by_products;
#include "hamming_search.inc"
}  // namespace avx2
#undef TARGET

#define TARGET TARGET_AVX512
namespace avx512 {
#include "hamming_avx512.inc"
constexpr auto crc = advance_by_products;
#include "hamming_search.inc"
}  // namespace avx512
#undef TARGET
#endif

// -------------------------------------------------------------------------------- the interface

// All hits of all queries, in no order; how many there are is returned, even when more than fit.
EXPORT i64 tidegate_search(i32 path, const Rows* rows, Search* search) {
#if TIDEGATE_X86
  if (path == AVX512) return avx512::search_all(*rows, *search);
  if (path == AVX2) return avx2::search_all(*rows, *search);
#endif
  (void)path;
  return portable::search_all(*rows, *search);
}

// Whether what a path says of fixed data is what the portable one says: 1 or 0.
EXPORT i32 tidegate_check(i32 path) {
#if TIDEGATE_X86
  if (path == AVX512) return avx512::agrees();
  if (path == AVX2) return avx2::agrees();
#endif
  return path == PORTABLE && portable::agrees();
}

constexpr i64 CHUNK = 1 << 16;

// Memory that building needs beside the table, in bytes; no less than 8 of alignment.
EXPORT i64 tidegate_build_scratch() { return CHUNK * static_cast<i64>(sizeof(Entry) + 1); }

// Fill the table of `count` codes: offsets [BANDS][SPAN], entries [BANDS][count]. Entries come to
// their buckets by way of `scratch`, a chunk at a time, sorted there by the upper half of the band:
// else each would be written to another page than the last, and wait for its translation.
EXPORT void tidegate_build(const Code* codes, i64 count, u32* offsets, Entry* entries,
                           Entry* scratch) {
  u8* lower = reinterpret_cast<u8*>(scratch + CHUNK);
  for (int place = 0; place < BANDS; place++) {
    u32* starts = offsets + static_cast<size_t>(place) * SPAN;
    Entry* sorted = entries + static_cast<size_t>(place) * static_cast<size_t>(count);
    for (u32 value = 0; value < SPAN; value++) starts[value] = 0;
    for (i64 row = 0; row < count; row++) starts[band(codes[row], place) + 1u]++;
    for (u32 value = 0; value < BUCKETS; value++) starts[value + 1] += starts[value];
    for (i64 first = 0; first < count; first += CHUNK) {
      const i64 end = first + CHUNK < count ? first + CHUNK : count;
      u32 next[257] = {};
      for (i64 row = first; row < end; row++) next[(band(codes[row], place) >> 8) + 1]++;
      for (int upper = 0; upper < 256; upper++) next[upper + 1] += next[upper];
      for (i64 row = first; row < end; row++) {
        const u16 value = band(codes[row], place);
        const u32 to = next[value >> 8]++;
        scratch[to] = entry_of(codes[row], place, static_cast<u32>(row));
        lower[to] = static_cast<u8>(value);
      }
      u32 from = 0;
      for (u32 upper = 0; upper < 256; upper++)
        for (u32* bucket = starts + (upper << 8); from < next[upper]; from++)
          sorted[bucket[lower[from]]++] = scratch[from];
    }
    // Each start has moved to its bucket's end, which is the next one's start.
    for (u32 value = BUCKETS - 1; value > 0; value--) starts[value] = starts[value - 1];
    starts[0] = 0;
  }
}

// Exact range search over 256-bit codes: which rows lie within a radius of a query?
//
// Two ways lead to the same answer, and the cheaper is taken query by query.
//
// *Scan*: every row is compared, blocks of rows times all queries, so that a block stays in cache.
//
// *Table* (multi-index hashing, its buckets filtered by chains of bands). A code is 16 bands of 16 bits,
// thought of as a ring. Two codes within radius r differ by r bits at most, r / 16 in the mean of a
// band; and walking round the ring from the right band on, the mean of the bands passed so far never
// exceeds that (were there no such band to start from, the walk could be cut into pieces that all
// exceed it, and so would the whole ring). So for some band
//
//     it differs by at most        level = r / 16      bits (rounded down), and
//     it and the next two together by at most  chain = 3 r / 16.
//
// The rows are sorted into 65,536 buckets by each band (CSR: `offsets` say where a bucket begins), and
// a query looks only into the buckets whose value is within `level` bits of its own: 16 x 1, 16 x 17,
// 16 x 137 or 16 x 697 buckets for radii up to 15, 31, 47 or 63. A bucket holds a *tag* for each row,
// the 32 bits of the next two bands, which lie side by side; of random rows at radius 31, one in
// 80,000 differs by so little in its tag that its number, in `ids`, and then the row itself are read.
// A row that several bands lead to is reported by the first of them alone: the others see that an
// earlier band passes the same test, so no set of what was seen is needed. The next band is STEP
// further on in the code, so that bits which go together (a half that many rows share, say) are
// spread over the ring. (J. Qin and C. Xiao, "Pigeonring: a principle for faster thresholded
// similarity search", PVLDB 12(1), 2018, for the chains; M. Norouzi, A. Punjani and D. Fleet, "Fast
// exact search in Hamming space with multi-index hashing", IEEE PAMI 36(6), 2014, for the buckets.)
//
// A search goes like this: `search_all` (hamming_search.inc, compiled for each path) takes the queries
// in batches. For each, `plan` reads from the offsets which buckets there are and weighs them against
// a scan; `look_up` walks the buckets, `near_tags` turning nearly all rows away, and gives up when so
// many pass that a scan would have been cheaper. The others of the batch, and those given up, are put
// together for one `scan`, where `near_rows` does with rows what tags do in buckets.
//
// To change the layout:
//   1. BANDS, and the width of a band, which fixes BUCKETS, the type that `band` returns and FLIPS.
//   2. CHAIN, STEP and `tag_of`: how many bands a tag holds, which ones, and how.
//   3. `level_of` and `chain_of` are the argument above, `PATTERNS` the values within a level; all
//      follow BANDS. `starts_chain` is the test that buckets and tags make together.
//   4. `near_tags` of each path compares tags; `tidegate_build` sorts by halves of a band.
//   5. hamming.py knows BANDS, SPAN and the size of a tag; segments on disk hold such tables, so
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
constexpr int CHAIN = 3;         // bands of a chain: the bucket's own and those of the tag
constexpr int STEP = 5;          // from a band to the next of the ring; odd, so that all are in it
constexpr int MAX_LEVEL = 3;
constexpr int FLIPS[MAX_LEVEL + 1] = {1, 17, 137, 697};  // values within so many bits of a given one
constexpr u32 TILE = 2048;                          // rows scanned at a time: 64 KiB
constexpr int BATCH = 64;                           // queries whose scans are put together

struct Code {
  u64 word[4];
};
static_assert(sizeof(Code) == 32, "as the Python side lays them out");

// The rows, and where there is one, their table. `radii` and `gone` may change while others search: a
// row that such a change concerns is in the answer or not.
struct Rows {
  const Code* codes;
  const u16* groups;     // each row's; null: all are of group 0
  const i16* radii;      // of each of the 65,536 groups; -1: none of its rows is found
  const u64* gone;       // a bit for each row that is taken out; null: none is
  const u32* offsets;    // [BANDS][SPAN]; null: no table, every search scans
  const u32* tags;       // [BANDS][count], by bucket
  const u32* ids;        // [BANDS][count], the number of each tag's row
  const Guard* guard;    // of the file that some of these arrays lie in; null: they are in memory
  i64 count;
};

// What is asked, and where the answers go. Hits beyond `capacity` are counted but not written.
struct Search {
  const Code* queries;
  const i16* radius;  // of each query; null: only the groups' own
  u32* hits;          // [count], how many each query has
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

// The band that is so many further on in the ring.
INLINE int next(int place, int steps) { return (place + STEP * steps) & (BANDS - 1); }

INLINE u32 tag_of(const Code& code, int place) {
  return band(code, next(place, 1)) | static_cast<u32>(band(code, next(place, 2))) << 16;
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
  u16 band;
  u16 radius;  // by how much a tag may differ here
};

// All 16-bit patterns of at most three ones, fewer ones first: what a near value differs by.
struct Patterns {
  u16 flip[FLIPS[MAX_LEVEL]];
  constexpr Patterns() : flip() {
    int next = 1;
    for (int a = 0; a < 16; a++) flip[next++] = static_cast<u16>(1 << a);
    for (int a = 0; a < 16; a++)
      for (int b = 0; b < a; b++) flip[next++] = static_cast<u16>(1 << a | 1 << b);
    for (int a = 0; a < 16; a++)
      for (int b = 0; b < a; b++)
        for (int c = 0; c < b; c++) flip[next++] = static_cast<u16>(1 << a | 1 << b | 1 << c);
  }
};
constexpr Patterns PATTERNS;

INLINE int level_of(int radius) { return radius / BANDS; }
INLINE int chain_of(int radius) { return CHAIN * radius / BANDS; }

// What the table costs, in tenths of a nanosecond (measured on an AMD EPYC with tables of 5000 to a
// million, random and with clusters): asking where a bucket is, going to one that is not empty, a
// tag in it, and a tag that is near, so that its row must be fetched. A row of a scan costs more when
// it comes from memory for one query alone, and at radii at which its first half says little.
constexpr i64 PLACE_COST = 50, BUCKET_COST = 200, TAG_COST = 4, NEAR_COST = 150, ROW_COST = 11;
constexpr i64 CACHED_ROWS = 1 << 18;

INLINE i64 scan_cost(const Rows& rows, int radius, bool alone) {
  const i64 row = radius < 48 ? ROW_COST : 2 * ROW_COST;
  return rows.count * (alone && rows.count > CACHED_ROWS ? row + ROW_COST : row);
}

// Whether the table may be the cheaper way: not with few rows or a wide radius.
INLINE bool may_look_up(const Rows& rows, int radius) {
  return rows.offsets && level_of(radius) <= MAX_LEVEL &&
         PLACE_COST * BANDS * FLIPS[level_of(radius)] <= scan_cost(rows, radius, false);
}

// The buckets to look into; `spare` is what of the cost of a scan is left for rows with near tags.
// -1 where nothing is, or where the offsets cannot be right.
INLINE int plan(const Rows& rows, const Code& query, int radius, i64 scan, Bucket* buckets,
                i64& spare) {
  const int level = level_of(radius), chain = chain_of(radius);
  int many = 0;
  i64 tags = 0;
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
    int z = 0;
    for (int flips = 0; flips <= level; flips++)
      for (; z < FLIPS[flips]; z++) {
        const u32 near = value ^ PATTERNS.flip[z];
        const u32 begin = offsets[near], end = offsets[near + 1];
        buckets[many] = {begin, end, static_cast<u16>(place), static_cast<u16>(chain - flips)};
        wild |= end > rows.count;
        many += begin < end;
        tags += begin < end ? end - begin : 0;
      }
  }
  spare = scan - PLACE_COST * BANDS * FLIPS[level] - BUCKET_COST * many - TAG_COST * tags;
  return wild || spare < 0 ? -1 : many;
}

constexpr size_t LINE = 64;
constexpr size_t AHEAD = 4096;  // bytes of buckets on their way before they are looked into

// Where in `tags` and `ids` a bucket begins.
INLINE size_t first_of(const Rows& rows, const Bucket& bucket) {
  return static_cast<size_t>(bucket.band) * static_cast<size_t>(rows.count) + bucket.begin;
}

INLINE size_t bytes_of(const Bucket& bucket) { return (bucket.end - bucket.begin) * sizeof(u32); }

INLINE void fetch(const Rows& rows, const Bucket& bucket) {
  const char* first = reinterpret_cast<const char*>(rows.tags + first_of(rows, bucket));
  for (size_t at = 0; at < bytes_of(bucket) + LINE - sizeof(u32) && at < AHEAD; at += LINE)
    __builtin_prefetch(first + at);
}

// ------------------------------------------------------------------ what differs by processor
// A path says which of up to 64 rows may be within a radius, as their first half is, and which of up
// to 64 tags are. What it says yes to is measured again. And it says how a CRC advances.

// Each row by itself.
#define ROWS_ONE_BY_ONE                                                                     \
  TARGET INLINE u64 near_rows(const Code* rows, u32 count, const Code& query, int radius) { \
    u64 near = 0;                                                                           \
    for (u32 z = 0; z < count; z++) {                                                       \
      const int half =                                                                      \
          ones(rows[z].word[0] ^ query.word[0]) + ones(rows[z].word[1] ^ query.word[1]);    \
      if (__builtin_expect(half <= radius, 0)) near |= u64{1} << z;                         \
    }                                                                                       \
    return near;                                                                            \
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
ROWS_ONE_BY_ONE
INLINE u64 near_tags(const u32* tags, u32 count, u32 tag, int radius) {
  u64 near = 0;
  for (u32 z = 0; z < count; z++)
    if (__builtin_expect(ones(tags[z] ^ tag) <= radius, 0)) near |= u64{1} << z;
  return near;
}
constexpr auto crc = advance;
#include "hamming_search.inc"
}  // namespace portable
#undef TARGET

#if TIDEGATE_X86
// Such processors count the bits of one to four words a cycle, which beats counting those of rows in
// their wide registers: these have no instruction for it. Of tags, eight fit into one.
#define TARGET TARGET_AVX2
namespace avx2 {
TARGET INLINE int ones(u64 x) { return __builtin_popcountll(x); }
ROWS_ONE_BY_ONE
#include "hamming_avx2.inc"
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
struct Entry {
  u32 tag, id;
};
EXPORT i64 tidegate_build_scratch() { return CHUNK * static_cast<i64>(sizeof(Entry) + 1); }

// Fill the table of `count` codes: offsets [BANDS][SPAN], tags and ids [BANDS][count]. They come to
// their buckets by way of `scratch`, a chunk at a time, sorted there by the upper half of the band:
// else each would be written to another page than the last, and wait for its translation.
EXPORT void tidegate_build(const Code* codes, i64 count, u32* offsets, u32* tags, u32* ids,
                           Entry* scratch) {
  u8* lower = reinterpret_cast<u8*>(scratch + CHUNK);
  for (int place = 0; place < BANDS; place++) {
    u32* starts = offsets + static_cast<size_t>(place) * SPAN;
    const size_t begin = static_cast<size_t>(place) * static_cast<size_t>(count);
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
        scratch[to] = {tag_of(codes[row], place), static_cast<u32>(row)};
        lower[to] = static_cast<u8>(value);
      }
      u32 from = 0;
      for (u32 upper = 0; upper < 256; upper++)
        for (u32* bucket = starts + (upper << 8); from < next[upper]; from++) {
          const size_t at = begin + bucket[lower[from]]++;
          tags[at] = scratch[from].tag;
          ids[at] = scratch[from].id;
        }
    }
    // Each start has moved to its bucket's end, which is the next one's start.
    for (u32 value = BUCKETS - 1; value > 0; value--) starts[value] = starts[value - 1];
    starts[0] = 0;
  }
}

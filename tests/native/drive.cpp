// Drives the Hamming kernels with random and hostile banks and compares them with an obvious search;
// `run.sh` compiles it together with them under the sanitizers. Everything lies in memory of exactly
// its size, so that a read beyond it is seen. Usage: drive [rounds [seed]]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memory>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "hamming.cpp"

extern "C" i32 tidegate_paths();

namespace {
std::mt19937_64 draw;
u64 below(u64 bound) { return draw() % bound; }

template <class T>
std::unique_ptr<T[]> room(size_t count) {
  return std::unique_ptr<T[]>(new T[count]);  // new T[0] too: nothing in it may be read
}

u32 plain_crc(const u8* at, size_t bytes) {
  u32 state = ~0u;
  for (; bytes; bytes--, at++) {
    state ^= *at;
    for (int bit = 0; bit < 8; bit++) state = state >> 1 ^ (state & 1 ? 0xedb88320 : 0);
  }
  return ~state;
}

Code random_code() { return {{draw(), draw(), draw(), draw()}}; }

Code flipped(Code code, u64 most) {
  for (u64 flips = below(most + 1); flips; flips--) {
    const u64 bit = below(256);
    code.word[bit >> 6] ^= u64{1} << (bit & 63);
  }
  return code;
}

int plain_distance(const Code& one, const Code& other) {
  int far = 0;
  for (int z = 0; z < 4; z++)
    for (u64 rest = one.word[z] ^ other.word[z]; rest; rest &= rest - 1) far++;
  return far;
}

void require(bool holds, const char* what, i64 round) {
  if (holds) return;
  fprintf(stderr, "round %lld: %s\n", static_cast<long long>(round), what);
  exit(1);
}

// The sections of a file in one piece, with a guard over them.
struct File {
  size_t offsets, tags, ids, codes, groups, size;
  std::unique_ptr<u8[]> data;
  std::unique_ptr<u32[]> sums;
  std::unique_ptr<u8[]> state;
  size_t blocks;

  File(i64 count) {
    const size_t step = below(2) ? 4096 : 64;
    const auto after = [step](size_t place, size_t bytes) {
      return (place + bytes + step - 1) / step * step;
    };
    offsets = step;
    tags = after(offsets, BANDS * SPAN * sizeof(u32));
    ids = after(tags, BANDS * static_cast<size_t>(count) * sizeof(u32));
    codes = after(ids, BANDS * static_cast<size_t>(count) * sizeof(u32));
    groups = after(codes, static_cast<size_t>(count) * sizeof(Code));
    size = groups + static_cast<size_t>(count) * sizeof(u16);
    data = room<u8>(size);
    memset(data.get(), 0, size);
    blocks = (size + 65535) / 65536;
    sums = room<u32>(blocks);
    state = room<u8>(blocks);
  }
  size_t bytes_of(size_t block) const { return block + 1 < blocks ? 65536 : size - block * 65536; }
  void seal() {
    for (size_t z = 0; z < blocks; z++) sums[z] = plain_crc(data.get() + z * 65536, bytes_of(z));
    memset(state.get(), 0, blocks);
  }
  bool is_bad(size_t place, size_t bytes, const std::set<size_t>& bad) const {
    for (size_t block = place / 65536; block <= (place + bytes - 1) / 65536; block++)
      if (bad.count(block)) return true;
    return false;
  }
};

void go(i64 round, i32 path) {
  const i64 sizes[] = {0, 1, 2, 63, 64, 65, 300, 2047, 2049, 6000};
  const i64 count = sizes[below(10)];
  File file(count);
  Code* codes = reinterpret_cast<Code*>(file.data.get() + file.codes);
  u16* groups = reinterpret_cast<u16*>(file.data.get() + file.groups);
  u32* offsets = reinterpret_cast<u32*>(file.data.get() + file.offsets);
  u32* tags = reinterpret_cast<u32*>(file.data.get() + file.tags);
  u32* ids = reinterpret_cast<u32*>(file.data.get() + file.ids);
  const u64 manner = below(4);
  const Code middle = random_code();
  for (i64 row = 0; row < count; row++) {
    codes[row] = manner == 0   ? Code{}
                 : manner == 1 ? flipped(middle, 40)
                 : manner == 2 ? flipped(random_code(), 0)
                 : row % 7     ? random_code()
                               : middle;
    groups[row] = static_cast<u16>(below(2) ? below(4) : 65535);
  }
  auto radii = room<i16>(65536);
  for (int group = 0; group < 65536; group++) radii[group] = -1;
  for (int group : {0, 1, 2, 65535}) radii[group] = static_cast<i16>(below(70)) - 1;
  const size_t words = static_cast<size_t>(count + 63) / 64;
  auto gone = room<u64>(words);
  for (size_t z = 0; z < words; z++) gone[z] = below(2) ? 0 : draw() & draw();
  auto scratch = room<Entry>(static_cast<size_t>(tidegate_build_scratch()) / sizeof(Entry) + 1);
  tidegate_build(codes, count, offsets, tags, ids, scratch.get());
  const u64 lie = below(4);  // a made-up file, whose checksums are right
  if (lie == 1)
    for (size_t z = 0; z < 200; z++) offsets[below(BANDS * SPAN)] = static_cast<u32>(draw());
  if (lie == 2 && count)
    for (size_t z = 0; z < 2000; z++)
      ids[below(static_cast<u64>(BANDS * count))] = static_cast<u32>(draw());
  file.seal();
  std::set<size_t> bad;
  if (below(2))
    for (u64 flips = 1 + below(4); flips; flips--) {
      const size_t place = below(file.size);
      file.data[place] ^= static_cast<u8>(1 + below(255));
      if (plain_crc(file.data.get() + place / 65536 * 65536, file.bytes_of(place / 65536)) !=
          file.sums[place / 65536])
        bad.insert(place / 65536);
    }

  const i64 asked = static_cast<i64>(below(70));
  auto queries = room<Code>(static_cast<size_t>(asked));
  auto radius = room<i16>(static_cast<size_t>(asked));
  auto hits = room<u32>(static_cast<size_t>(asked));
  for (i64 z = 0; z < asked; z++) {
    queries[z] = count && below(4) ? flipped(codes[below(static_cast<u64>(count))], 50)
                                   : random_code();
    radius[z] = static_cast<i16>(below(80)) - 2;
  }
  const i64 capacity = static_cast<i64>(below(3) ? 600 * 1000 : below(20));
  auto query = room<u32>(static_cast<size_t>(capacity));
  auto row = room<u32>(static_cast<size_t>(capacity));
  auto distance = room<i16>(static_cast<size_t>(capacity));
  const i64 limit = below(3) ? 0 : 1 + static_cast<i64>(below(5));
  const i64 most = below(2) ? 31 : static_cast<i64>(below(80));
  const bool by_query = below(2), with_groups = below(4), with_gone = below(2);
  const bool with_table = below(4), guarded = bad.size() || below(2);
  const Guard guard = {file.data.get(), file.sums.get(), file.state.get(),
                       static_cast<i64>(file.size)};
  const Rows rows = {codes,
                     with_groups ? groups : nullptr,
                     radii.get(),
                     with_gone ? gone.get() : nullptr,
                     with_table ? offsets : nullptr,
                     with_table ? tags : nullptr,
                     with_table ? ids : nullptr,
                     guarded ? &guard : nullptr,
                     count};
  Search search = {queries.get(), by_query ? radius.get() : nullptr,
                   hits.get(),    query.get(),
                   row.get(),     distance.get(),
                   asked,         capacity,
                   limit,         most,
                   0,             0};
  const i64 found = tidegate_search(path, &rows, &search);

  std::set<std::tuple<u32, u32, int>> expected, got;
  for (i64 q = 0; q < asked; q++)
    for (i64 r = 0; r < count; r++) {
      const int far = plain_distance(codes[r], queries[q]);
      const u32 at = static_cast<u32>(r);
      if (far > most || far > radii[with_groups ? groups[r] : 0]) continue;
      if (by_query && far > radius[q]) continue;
      if (with_gone && gone[at / 64] >> (at % 64) & 1) continue;
      if (file.is_bad(file.codes + at * sizeof(Code), sizeof(Code), bad)) continue;
      if (with_groups && file.is_bad(file.groups + at * sizeof(u16), sizeof(u16), bad)) continue;
      expected.insert({static_cast<u32>(q), at, far});
    }
  const i64 written = found < capacity ? found : capacity;
  for (i64 z = 0; z < written; z++) got.insert({query[z], row[z], distance[z]});
  i64 counted = 0;
  for (i64 z = 0; z < asked; z++) counted += hits[z];
  require(counted == found, "the counts do not add up", round);
  if (lie == 2 && with_table) {  // such a table may say a row twice, or never
    for (const auto& hit : got) require(expected.count(hit), "a wrong hit", round);
    return;
  }
  require(static_cast<i64>(got.size()) == written, "a hit was reported twice", round);
  for (const auto& hit : got) require(expected.count(hit), "a wrong hit", round);
  if (lie == 1 && with_table) return;
  std::vector<i64> of_query(static_cast<size_t>(asked));
  for (const auto& hit : expected) of_query[std::get<0>(hit)]++;
  for (i64 z = 0; z < asked; z++) {
    const i64 wanted = of_query[static_cast<size_t>(z)];
    require(hits[z] == (limit && limit < wanted ? limit : wanted), "hits are missing", round);
  }
}
}  // namespace

int main(int argc, char** argv) {
  const i64 rounds = argc > 1 ? atoll(argv[1]) : 300;
  const u64 seed = argc > 2 ? strtoull(argv[2], nullptr, 10) : std::random_device{}();
  draw.seed(seed);
  printf("seed %llu\n", static_cast<unsigned long long>(seed));
  i32 able = tidegate_paths();
#ifdef EMULATED
  able |= AVX512;
#endif
  for (i32 path = 1; path <= able; path *= 2)
    if (able & path) require(tidegate_check(path) == 1, "a path does not agree with itself", path);
  for (i64 round = 0; round < rounds; round++)
    for (i32 path = 1; path <= able; path *= 2)
      if (able & path) go(round, path);
  printf("%lld rounds on paths %d: sound\n", static_cast<long long>(rounds), able);
}

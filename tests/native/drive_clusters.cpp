// Drives the kernels of clusters with random texts, tables and commands, and checks what must hold of any
// answer; `run.sh` compiles it together with them under the sanitizers. Everything lies in memory of
// exactly its size. (That the answers are right is tested against Python: tests/triage.) Usage:
// drive_clusters [rounds [seed]]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memory>
#include <random>
#include <vector>

#include "kernels.h"

struct Folding {
  const u32 *fold, *more;
  u64 units[4];
};
struct Manner {
  double of[12];
  const double* logarithms;
  i64 least;
};
struct Found {
  double similarity;
  u32 cluster, anchor;
};
struct Clusters;
extern "C" {
i32 tidegate_sketch(const Folding*, const u32*, const i64*, i64, u32*, u8*);
Clusters* tidegate_clusters_new(const Manner*);
void tidegate_clusters_free(Clusters*);
i32 tidegate_clusters_reserve(Clusters*, i64);
i32 tidegate_clusters_near(Clusters*, const u8*, Found*, i32);
u32 tidegate_clusters_put(Clusters*, const u8*, u32, i32, double, u32);
void tidegate_clusters_assign(Clusters*, const u8*, const double*, i64, u32*, double*);
void tidegate_clusters_now(Clusters*, const u32*, i64, u32*, u32*);
void tidegate_clusters_merge(Clusters*, u32, u32);
void tidegate_clusters_unmerge(Clusters*, u32);
i32 tidegate_clusters_forget(Clusters*, const u8*);
i64 tidegate_clusters_moved(Clusters*, u32*, i64);
i64 tidegate_clusters_bytes(const Clusters*);
}

namespace {
constexpr size_t SKETCH = 368;
constexpr u32 NONE = ~0u;
std::mt19937_64 draw;
u64 below(u64 bound) { return draw() % bound; }

template <class T>
std::unique_ptr<T[]> room(size_t count) {
  return std::unique_ptr<T[]>(new T[count]);
}

void require(bool holds, const char* what, i64 round) {
  if (holds) return;
  fprintf(stderr, "round %lld: %s\n", static_cast<long long>(round), what);
  exit(1);
}

constexpr u32 POINTS = 0x110000, SEVERAL = 1 << 25;
auto fold = room<u32>(POINTS);
auto more = room<u32>(50);
auto logarithms = room<double>(1024);

// A table of any kinds; some code points become four.
void make_tables() {
  for (u32 point = 0; point < POINTS; point++)
    fold[point] = 1 << 27 | (below(9) ? point | static_cast<u32>(below(6)) << 21 | static_cast<u32>(below(2)) << 24
                           : static_cast<u32>(5 * below(10)) | SEVERAL);
  for (u32 at = 0; at < 10; at++) {
    more[5 * at] = 4;
    for (u32 z = 1; z < 5; z++)
      more[5 * at + z] = static_cast<u32>(below(POINTS)) | static_cast<u32>(below(6)) << 21;
  }
  fold[' '] = ' ' | 1 << 21;
  for (u32 letter = 'a'; letter <= 'z'; letter++) fold[letter] = letter | 3 << 21;
  for (u64 z = 0; z < 1024; z++) logarithms[z] = static_cast<double>(z) / 1024;
}

std::vector<u32> text() {
  static const char* const parts[] = {"rt ", "@ab", "http://", "www.", "#", "@", "h", "w", " ", "hhttp"};
  std::vector<u32> made;
  for (u64 left = below(3) ? below(40) : below(400); left; left--) {
    if (!below(5))
      for (const char* at = parts[below(10)]; *at; at++) made.push_back(static_cast<u32>(*at));
    else
      made.push_back(below(3) ? static_cast<u32>('a' + below(26)) : static_cast<u32>(below(POINTS)));
  }
  return made;
}

std::unique_ptr<u8[]> sketches(size_t count) {
  std::vector<u32> points;
  auto ends = room<i64>(count);
  size_t longest = 0;
  std::vector<u32> last = text();
  for (size_t z = 0; z < count; z++) {
    if (below(3)) last = text();
    else if (last.size()) last[below(last.size())] = 'x';
    points.insert(points.end(), last.begin(), last.end());
    longest = last.size() > longest ? last.size() : longest;
    ends[z] = static_cast<i64>(points.size());
  }
  auto form = room<u32>(longest * 12 + 8);
  auto exact = room<u32>(points.size());
  if (points.size()) memcpy(exact.get(), points.data(), points.size() * sizeof(u32));
  auto made = room<u8>(count * SKETCH);
  const Folding by = {fold.get(), more.get(), {draw() | 1, draw() | 1, draw() | 1, draw() | 1}};
  const i32 done = tidegate_sketch(&by, exact.get(), ends.get(), static_cast<i64>(count), form.get(), made.get());
  require(done, "no entry", 0);
  return made;
}

void go(i64 round) {
  const size_t count = 1 + below(below(10) ? 200 : 2500);
  const auto made = sketches(count);
  Manner by = {{0.3, 0.1, 0.1, 5, 5, 1, 10, 1, 0.3, 0.3, 2, 1.2}, logarithms.get(), 12};
  if (below(2)) by.of[0] = 2;  // nothing is near: all are anchors
  Clusters* all = tidegate_clusters_new(&by);
  u32 known = 0;
  for (size_t at = 0; at < count;) {
    const u8* sketch = made.get() + at * SKETCH;
    const u64 what = below(12);
    if (what < 5) {
      const size_t some = 1 + below(count - at < 90 ? count - at : 90);
      auto days = room<double>(some);
      auto clusters = room<u32>(some);
      auto alike = room<double>(some);
      for (size_t z = 0; z < some; z++) days[z] = below(4) ? static_cast<double>(below(90)) : __builtin_nan("");
      require(tidegate_clusters_reserve(all, static_cast<i64>(some)), "no room", round);
      tidegate_clusters_assign(all, sketch, days.get(), static_cast<i64>(some), clusters.get(), alike.get());
      for (size_t z = 0; z < some; z++) {
        require(clusters[z] <= known, "a cluster that is not there", round);
        require((clusters[z] == known) == (alike[z] == 0), "new, and yet like one", round);
        known += clusters[z] == known;
      }
      at += some;
    } else if (what < 8) {
      require(tidegate_clusters_reserve(all, 1), "no room", round);
      const u32 cluster = known && below(2) ? static_cast<u32>(below(known)) : NONE;
      const u32 beside = known && below(2) ? static_cast<u32>(below(known)) : NONE - static_cast<u32>(below(2));
      const u32 put = tidegate_clusters_put(all, sketch, cluster, below(2), 1.5, beside);
      known += put == known;
      at++;
    } else if (what == 8) {
      tidegate_clusters_forget(all, made.get() + below(count) * SKETCH);
    } else if (what == 9 && known) {
      u32 two[2] = {static_cast<u32>(below(known)), static_cast<u32>(below(known))}, now[2], stories[2];
      tidegate_clusters_now(all, two, 2, now, stories);
      if (now[0] != now[1]) tidegate_clusters_merge(all, now[0], now[1]);
      else tidegate_clusters_unmerge(all, two[0]);
    } else {
      const i32 most = static_cast<i32>(below(9));
      auto found = room<Found>(static_cast<size_t>(most));
      const i32 many = tidegate_clusters_near(all, sketch, found.get(), most);
      require(many >= 0 && many <= most, "more than asked for", round);
      for (i32 z = 0; z < many; z++) require(found[z].cluster < known, "an unknown cluster", round);
    }
  }
  auto numbers = room<u32>(known), clusters = room<u32>(known), stories = room<u32>(known);
  for (u32 z = 0; z < known; z++) numbers[z] = z;
  tidegate_clusters_now(all, numbers.get(), known, clusters.get(), stories.get());
  for (u32 z = 0; z < known; z++) require(stories[z] < known, "a story that nobody began", round);
  auto pairs = room<u32>(2 * 7);
  while (tidegate_clusters_moved(all, pairs.get(), 7) == 7) {}
  require(tidegate_clusters_bytes(all) > 0, "nothing is held", round);
  tidegate_clusters_free(all);
}
}  // namespace

int main(int argc, char** argv) {
  const i64 rounds = argc > 1 ? atoll(argv[1]) : 300;
  const u64 seed = argc > 2 ? strtoull(argv[2], nullptr, 10) : std::random_device{}();
  draw.seed(seed);
  printf("seed %llu\n", static_cast<unsigned long long>(seed));
  make_tables();
  for (i64 round = 0; round < rounds; round++) go(round);
  printf("%lld rounds of clusters: sound\n", static_cast<long long>(rounds));
}

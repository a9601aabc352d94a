// Which texts are copies of one another, edited or not, as they arrive: `triage/stream.py` says what
// is promised, triage/slow.py does the same in Python.
//
// A cluster is around its *anchors*: the sketch of its representative, and those that people added.
// An arrival joins the cluster of the anchor that it is most like, if it is like enough, and is never
// compared with what joined before it: unlike texts are not chained together by small steps.
//
// An anchor is found by 64 keys, each made of two of its bins: the first two that are not empty on a
// walk of the key's own. Anchors with the same key are a chain, the newest first, of which eight are
// looked at; whoever shares two keys with the arrival is compared with it bin by bin.
#include "kernels.h"

#include <stdlib.h>

constexpr int BINS = 128, TERMS = 24, KEYS = 64, STEPS = 8;
constexpr i64 LEAST_HEADS = 1 << 16, PLACES = KEYS * 3 / 2;  // of keys; for each anchor
constexpr u64 MIX = 0x9E3779B97F4A7C15;

struct Sketch {
  u8 digest[16];
  u16 bins[BINS];
  u32 terms[TERMS];
};

#include "growing.inc"

#include "stories.inc"

struct Bins {
  alignas(16) u16 bin[BINS];
};
struct Known {
  u8 digest[16];
  u32 mark;    // the cluster and FIRST
  u32 anchor;  // NONE: a member's

  static constexpr u32 FIRST = 2;
  u32 cluster() const { return mark - FIRST; }

  using Key = const u8*;
  static u64 hash(Key digest) {
    u64 first;
    __builtin_memcpy(&first, digest, 8);
    return first;
  }
  Key key() const { return digest; }
  bool is(Key other) const { return !__builtin_memcmp(digest, other, 16); }
};
struct Cluster {
  u32 into, story;
};
struct Look {
  u32 keys[KEYS];
  bool is_short, is_made;
};
struct Found {
  double similarity;
  u32 cluster, anchor;
};

static int filled(const u16* bins) {
  int count = 0;
  for (int z = 0; z < BINS; z++) count += bins[z] != 0;
  return count;
}

// Of the shingles of both, how many they share (the Jaccard similarity), as the bins tell.
static double similarity(const u16* one, const u16* other) {
  u16 equal = 0, neither = 0;
  for (int z = 0; z < BINS; z++) {
    equal += static_cast<u16>(one[z] == other[z]);
    neither += static_cast<u16>((one[z] | other[z]) == 0);
  }
  return neither < BINS ? static_cast<double>(equal - neither) / (BINS - neither) : 0;
}

// The walks of the keys through the bins: where each begins, its step, and its first places.
constexpr int SOON = 6;
struct Walks {
  u64 of[KEYS];
  u8 places[KEYS][SOON];
  constexpr Walks() : of(), places() {
    for (u32 key = 0; key < KEYS; key++) {
      of[key] = (key + 1) * MIX;
      for (u32 z = 0; z < SOON; z++) places[key][z] = static_cast<u8>(place(of[key], z));
    }
  }
  static constexpr u32 place(u64 walk, u32 z) {
    return static_cast<u32>((walk >> 57) + z * ((walk >> 40 & 127) | 1)) & 127;
  }
};
constexpr Walks WALKS;

// A key of the bins; whether there is any that is not empty.
static bool key_of(const u16* bins, u32 key, u32& made) {
  // The first two that are not empty: from behind and without branches, which half of the time would go the
  // other way than was guessed.
  u32 two = 0;
  for (int z = SOON - 1; z >= 0; z--) {
    const u32 bin = bins[WALKS.places[key][z]], with = two << 16 | bin;
    two = bin ? with : two;
  }
  u32 first = two & 0xFFFF, second = two >> 16;
  const u64 walk = WALKS.of[key];
  for (u32 z = SOON; !second && z < BINS; z++) {
    const u32 bin = bins[Walks::place(walk, z)];
    (first ? second : first) = bin;
  }
  u64 mixed = walk;
  if (first) mixed = (mixed ^ first) * MIX, mixed ^= mixed >> 32;
  if (second) mixed = (mixed ^ second) * MIX, mixed ^= mixed >> 32;
  made = static_cast<u32>(mixed * MIX >> 32);
  return first;
}

static void keys_of(const u16* bins, u32* keys) {
  for (u32 key = 0; key < KEYS; key++) key_of(bins, key, keys[key]);
}

struct Clusters {
  Manner by;
  Vector<Bins> anchors;
  Vector<u32> owners;  // the cluster of each anchor
  Vector<u32> next;    // of each anchor and key: the anchor and key before it in the chain
  Vector<u32> heads;   // of each place that keys fall into: the newest of its chain
  Table<Known> known;
  Vector<Cluster> clusters;
  Stories stories;
  static constexpr u32 COUNTS = 1024;
  u64 counts[COUNTS];  // of an anchor: when, which and how often
  u32 stamp;

  u32 root(u32 cluster) const {
    while (clusters[cluster].into != cluster) cluster = clusters[cluster].into;
    return cluster;
  }

  // ------------------------------------------------------------------------------ room

  bool reserve(i64 more) {
    return anchors.reserve(anchors.size + more) && owners.reserve(owners.size + more) &&
           next.reserve((anchors.size + more) * KEYS) && clusters.reserve(clusters.size + more) &&
           heads.reserve(places_for(anchors.size + more)) && stories.reserve(more) && known.reserve(more);
  }

  // --------------------------------------------------------------------------- anchors

  // How many places keys fall into: how many anchors there are decides, not how much room was asked for, for
  // what is found depends on it.
  static i64 places_for(i64 anchors) {
    return anchors * PLACES < LEAST_HEADS ? LEAST_HEADS : anchors * PLACES;
  }
  u64 head(u32 key) const {
    const u64 places = static_cast<u64>(heads.size), at = key & widest();
    return at < places ? at : at & widest() >> 1;
  }
  // The least power of two that is no less than the places, less one.
  u64 widest() const { return ~u64{0} >> __builtin_clzll(static_cast<u64>(heads.size) - 1); }
  // One place more: a chain is parted in two, each in its order (linear hashing, Litwin 1980). No arrival waits
  // until all chains are made anew.
  void part() {
    const u64 fresh = static_cast<u64>(heads.size), half = u64{1} << (63 - __builtin_clzll(fresh));
    u32 at = heads[fresh - half], *stays = &heads[fresh - half], *goes = &heads[fresh];
    heads.size++;
    while (at != NONE) {
      u32 key;
      u32* const mine = &next[at];
      if (key_of(anchors[at / KEYS].bin, at % KEYS, key)) {  // else it was forgotten
        u32*& last = key & half ? goes : stays;
        *last = at;
        last = mine;
      }
      at = *mine;
    }
    *stays = *goes = NONE;
  }
  void widen() {
    if (!heads.size)
      for (; heads.size < LEAST_HEADS; heads.size++) heads[static_cast<u64>(heads.size)] = NONE;
    const i64 places = places_for(anchors.size);
    const u64 first = static_cast<u64>(heads.size) & widest() >> 1;
    for (i64 z = 0; z < places - heads.size; z++) {
      const u32 at = heads[first + static_cast<u64>(z)];
      if (at == NONE) continue;
      __builtin_prefetch(&next[at], 1);
      __builtin_prefetch(anchors[at / KEYS].bin + WALKS.places[at % KEYS][0]);
      __builtin_prefetch(anchors[at / KEYS].bin + WALKS.places[at % KEYS][1]);
    }
    while (heads.size < places) part();
  }
  u32 anchor(const Sketch& sketch, u32 cluster) {
    const u32 number = static_cast<u32>(anchors.size);
    Bins bins;
    __builtin_memcpy(bins.bin, sketch.bins, sizeof bins);
    anchors.push(bins);
    owners.push(cluster);
    widen();
    if (filled(bins.bin) < by.least) return number;  // found by its digest alone
    u32 keys[KEYS];
    keys_of(bins.bin, keys);
    for (u32 key : keys) __builtin_prefetch(&heads[head(key)], 1);
    for (u32 z = 0; z < KEYS; z++) {
      u32& first = heads[head(keys[z])];
      next[u64{number} * KEYS + z] = first;
      first = number * KEYS + z;
    }
    return number;
  }

  // How often the anchor was met since `stamp` last changed; three is as good as more.
  u32 counted(u32 anchor) {
    const u64 mine = u64{stamp} << 32 | anchor * KEYS;
    u64 at = anchor * MIX >> 54;
    while (counts[at] >> 32 == stamp && (counts[at] & ~u64{3}) != mine) at = (at + 1) & (COUNTS - 1);
    const u32 before = (counts[at] & ~u64{3}) == mine ? static_cast<u32>(counts[at] & 3) : 0;
    const u32 times = before < 3 ? before + 1 : 3;
    counts[at] = mine | times;
    return times;
  }
  // Makes the keys of an arrival, and asks for the memory where `near` will look first.
  void look(const u16* bins, Look& made) const {
    made.is_short = filled(bins) < by.least;
    if (made.is_short) return;
    keys_of(bins, made.keys);
    if (heads.size)
      for (u32 key : made.keys) __builtin_prefetch(&heads[head(key)]);
  }

  // The anchors that the arrival is like enough, the likest first, of equal ones the oldest.
  int near(const Look& look, const u16* bins, Found* found, int room) {
    if (look.is_short || !anchors.size) return 0;
    u32 at[KEYS], seen[KEYS * STEPS];
    int chains = 0, many = 0, fetched = 0, count = 0;
    for (u32 key : look.keys) {
      at[chains] = heads[head(key)];
      chains += at[chains] != NONE;
    }
    for (int z = 0; z < chains; z++) __builtin_prefetch(&next[at[z]]);
    if (!++stamp) __builtin_memset(counts, 0, sizeof counts), stamp = 1;
    for (int step = 0; chains && step < STEPS; step++) {
      int more = 0;
      for (int z = 0; z < chains; z++) {
        const u32 one = at[z] / KEYS;
        seen[many] = one;
        many += counted(one) == 2;
        at[more] = next[at[z]];
        more += at[more] != NONE;
      }
      chains = more;
      for (int z = 0; z < chains; z++) __builtin_prefetch(&next[at[z]]);
      for (; fetched < many; fetched++) {
        __builtin_prefetch(anchors[seen[fetched]].bin);
        __builtin_prefetch(anchors[seen[fetched]].bin + 64);
      }
    }
    for (int z = 0; z < many; z++) {
      const double alike = similarity(bins, anchors[seen[z]].bin);
      if (!(alike >= by.near)) continue;
      const Found one = {alike, root(owners[seen[z]]), seen[z]};
      int place = count < room ? count++ : room;
      for (; place && better(one, found[place - 1]); place--)
        if (place < room) found[place] = found[place - 1];
      if (place < room) found[place] = one;
    }
    return count;
  }
  static bool better(const Found& one, const Found& other) {
    return one.similarity > other.similarity ||
           (one.similarity == other.similarity && one.anchor < other.anchor);
  }

  // --------------------------------------------------------------------------- arrivals

  // Records a text: of `cluster`, or of a new one where that is NONE; returns it. A new one is in the
  // story that cluster `beside` is in; NONE: its words say in which; FRESH: in one of its own.
  u32 put(const Sketch& sketch, u32 cluster, bool is_anchor, double day, u32 beside) {
    const bool fresh = cluster == NONE;
    if (fresh) {
      cluster = static_cast<u32>(clusters.size);
      const u32 story = beside < FRESH ? clusters[beside].story : beside;
      clusters.push({cluster, stories.take(by, sketch.terms, day, story, cluster)});
    } else {
      cluster = root(cluster);
    }
    Known* one = known.at(sketch.digest);
    if (!one->mark) {
      __builtin_memcpy(one->digest, sketch.digest, sizeof one->digest);
      one->anchor = NONE;
    }
    one->mark = cluster + Known::FIRST;
    if (one->anchor != NONE) owners[one->anchor] = cluster;  // a pin takes the text along
    else if (fresh || is_anchor) one->anchor = anchor(sketch, cluster);
    return cluster;
  }
};

EXPORT void* tidegate_clusters_new(const Manner* by) {
  Clusters* made = static_cast<Clusters*>(calloc(1, sizeof(Clusters)));
  if (made) made->by = *by;
  return made;
}

EXPORT void tidegate_clusters_free(Clusters* all) {
  if (!all) return;
  all->~Clusters();
  free(all);
}

// Whether there is room for so many more; the other functions need it to have been made.
EXPORT i32 tidegate_clusters_reserve(Clusters* all, i64 more) { return all->reserve(more); }

// What a text is like, as triples of cluster, anchor and similarity, at most `room`. Of an equal text the
// anchor is NONE; it comes first.
EXPORT i32 tidegate_clusters_near(Clusters* all, const Sketch* sketch, Found* found, i32 room) {
  int count = 0;
  const Known* known = all->known.find(sketch->digest);
  if (known && room > 0) found[count++] = {1, all->root(known->cluster()), NONE};
  if (count == room) return count;
  Look look;
  all->look(sketch->bins, look);
  return count + all->near(look, sketch->bins, found + count, room - count);
}

EXPORT u32 tidegate_clusters_put(Clusters* all, const Sketch* sketch, u32 cluster, i32 is_anchor,
                                 double day, u32 beside) {
  return all->put(*sketch, cluster, is_anchor, day, beside);
}

// Assigns `count` arrivals in their order: the cluster of each, and how like its anchor it is (1 if a
// text was equal, 0 if its cluster is new).
EXPORT void tidegate_clusters_assign(Clusters* all, const Sketch* sketches, const double* days,
                                     i64 count, u32* clusters, double* alike) {
  // What the next one needs is fetched while one is looked for.
  Look looks[2];
  const auto look = [&](i64 z) {
    if (z + 2 < count) all->known.prefetch(sketches[z + 2].digest);
    if (z >= count) return;
    Look& made = looks[z & 1];
    made.is_made = !all->known.find(sketches[z].digest);
    if (made.is_made) all->look(sketches[z].bins, made);
  };
  look(0);
  for (i64 z = 0; z < count; z++) {
    look(z + 1);
    const Sketch& sketch = sketches[z];
    const Known* known = all->known.find(sketch.digest);
    Found best = {0, NONE, NONE};
    if (known) best = {1, all->root(known->cluster()), NONE};
    else all->near(looks[z & 1], sketch.bins, &best, 1);
    alike[z] = best.similarity;
    clusters[z] = all->put(sketch, best.cluster, false, days[z], NONE);
  }
}

// The clusters that these numbers stand for now, and of their stories the clusters that began them.
EXPORT void tidegate_clusters_now(Clusters* all, const u32* numbers, i64 count, u32* clusters,
                                  u32* stories) {
  for (i64 z = 0; z < count; z++) {
    clusters[z] = all->root(numbers[z]);
    const Stories& told = all->stories;
    stories[z] = told.all[told.root(all->clusters[clusters[z]].story)].first;
  }
}

EXPORT void tidegate_clusters_merge(Clusters* all, u32 into, u32 other) {
  all->clusters[all->root(other)].into = all->root(into);
}

// Takes a cluster out of what it became part of, with its anchors and the texts put into it before.
EXPORT void tidegate_clusters_unmerge(Clusters* all, u32 cluster) {
  all->clusters[cluster].into = cluster;
}

// Forgets a text: nothing is found by it any more. Whether it was known.
EXPORT i32 tidegate_clusters_forget(Clusters* all, const u8* digest) {
  Known* one = all->known.find(digest);
  if (!one) return 0;
  if (one->anchor != NONE) __builtin_memset(all->anchors[one->anchor].bin, 0, sizeof(Bins));
  __builtin_memset(one->digest, 0, sizeof one->digest);
  all->known.leave(one);
  return 1;
}

// The next of the stories that became part of others, as pairs of the clusters that began them; how many.
EXPORT i64 tidegate_clusters_moved(Clusters* all, Posting* pairs, i64 room) {
  Vector<Posting>& moved = all->stories.moved;
  const i64 count = moved.size < room ? moved.size : room;
  __builtin_memcpy(pairs, moved.data, static_cast<size_t>(count) * sizeof(Posting));
  moved.size -= count;
  __builtin_memmove(moved.data, moved.data + count, static_cast<size_t>(moved.size) * sizeof(Posting));
  return count;
}

// Bytes held.
EXPORT i64 tidegate_clusters_bytes(const Clusters* all) {
  const Stories& s = all->stories;
  return all->anchors.room * 256 + (all->owners.room + all->next.room + all->heads.room) * 4 +
         all->known.bytes() + all->clusters.room * 8 + s.words.bytes() + s.blocks.room * 64 +
         s.all.room * static_cast<i64>(sizeof(Story)) + s.moved.room * 8;
}

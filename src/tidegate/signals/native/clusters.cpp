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
constexpr i64 LEAST_HEADS = 1 << 16;
constexpr u64 MIX = 0x9E3779B97F4A7C15;

struct Sketch {
  u8 digest[16];
  u16 bins[BINS];
  u32 terms[TERMS];
};

// An array that grows; what is in it may be moved like bytes.
template <class T>
struct Vector {
  T* data = nullptr;
  i64 size = 0, room = 0;
  ~Vector() { free(data); }
  bool reserve(i64 wanted) {
    if (wanted <= room) return true;
    i64 wider = room + room / 2;
    if (wider < wanted) wider = wanted;
    void* moved = realloc(static_cast<void*>(data), static_cast<size_t>(wider) * sizeof(T));
    if (!moved) return false;
    data = static_cast<T*>(moved);
    room = wider;
    return true;
  }
  void push(const T& one) { data[size++] = one; }
  void swap(Vector& other) {
    T* const from = data;
    const i64 many = size, space = room;
    data = other.data, size = other.size, room = other.room;
    other.data = from, other.size = many, other.room = space;
  }
  T& operator[](u64 at) { return data[at]; }
  const T& operator[](u64 at) const { return data[at]; }
};

#include "stories.inc"

struct Bins {
  alignas(16) u16 bin[BINS];
};
struct Known {  // a digest; `cluster` is NONE in a free place, GONE in one that was
  u8 digest[16];
  u32 cluster;
  u32 anchor;  // NONE: a member's
};
constexpr u32 GONE = NONE - 1;
struct Cluster {
  u32 into, story;
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
  u16 same = 0, either = 0;
  for (int z = 0; z < BINS; z++) {
    same += static_cast<u16>((one[z] == other[z]) & (one[z] != 0));
    either += static_cast<u16>((one[z] | other[z]) != 0);
  }
  return either ? static_cast<double>(same) / either : 0;
}

static void keys_of(const u16* bins, u32* keys) {
  for (u32 key = 0; key < KEYS; key++) {
    const u64 walk = (key + 1) * MIX;
    u32 at = walk >> 57, row = 0;
    const u32 step = (walk >> 40 & 127) | 1;
    u64 mixed = walk;
    for (int z = 0; z < BINS && row < 2; z++, at = (at + step) & 127)
      if (bins[at]) {
        mixed = (mixed ^ bins[at]) * MIX;
        mixed ^= mixed >> 32;
        row++;
      }
    keys[key] = static_cast<u32>(mixed * MIX >> 32);
  }
}

struct Clusters {
  Manner by;
  Vector<Bins> anchors;
  Vector<u32> owners;  // the cluster of each anchor
  Vector<u32> next;    // of each anchor and key: the anchor and key before it in the chain
  Vector<u32> heads;   // a power of two
  Vector<Known> known; // open addressing, a power of two
  Vector<Cluster> clusters;
  Stories stories;
  i64 used = 0;  // places of `known`

  u32 root(u32 cluster) const {
    while (clusters[cluster].into != cluster) cluster = clusters[cluster].into;
    return cluster;
  }

  // ------------------------------------------------------------------------------ room

  bool reserve(i64 more) {
    if (!anchors.reserve(anchors.size + more) || !owners.reserve(owners.size + more) ||
        !next.reserve((anchors.size + more) * KEYS) || !clusters.reserve(clusters.size + more) ||
        !stories.reserve(more) || (!heads.size && !widen_heads(LEAST_HEADS)))
      return false;
    return widen_known(more);
  }
  bool widen_known(i64 more) {
    if (known.size && (used + more) * 4 <= known.size * 3) return true;
    i64 size = 1024;
    while (size * 3 < (used + more) * 5) size *= 2;
    Vector<Known> wider;
    if (!wider.reserve(size)) return false;
    wider.size = size;
    for (i64 z = 0; z < size; z++) wider[z].cluster = NONE;
    used = 0;
    for (i64 z = 0; z < known.size; z++)
      if (known[z].cluster < GONE) *place(wider, known[z].digest) = known[z], used++;
    known.swap(wider);
    return true;
  }
  bool widen_heads(i64 size) {
    Vector<u32> wider;
    if (!wider.reserve(size)) return false;
    wider.size = size;
    __builtin_memset(wider.data, 0xFF, static_cast<size_t>(size) * sizeof(u32));
    heads.swap(wider);
    for (i64 anchor = 0; anchor < anchors.size; anchor++) hang(static_cast<u32>(anchor));
    return true;
  }

  // --------------------------------------------------------------------------- digests

  static Known* place(Vector<Known>& known, const u8* digest) {
    u64 at;
    __builtin_memcpy(&at, digest, 8);
    const u64 mask = static_cast<u64>(known.size) - 1;
    for (at &= mask;; at = (at + 1) & mask) {
      Known& one = known[at];
      if (one.cluster == NONE) return &one;
      if (one.cluster != GONE && !__builtin_memcmp(one.digest, digest, 16)) return &one;
    }
  }
  void remember(const u8* digest, u32 cluster, u32 anchor) {
    Known* one = place(known, digest);
    if (one->cluster == NONE) {
      used++;
      __builtin_memcpy(one->digest, digest, 16);
      one->anchor = NONE;
    }
    one->cluster = cluster;
    if (anchor != NONE) one->anchor = anchor;
  }

  // --------------------------------------------------------------------------- anchors

  u64 head(u32 key) const { return key & (static_cast<u64>(heads.size) - 1); }
  void hang(u32 anchor) {
    if (filled(anchors[anchor].bin) < by.least) return;  // found by its digest alone
    u32 keys[KEYS];
    keys_of(anchors[anchor].bin, keys);
    for (u32 key : keys) __builtin_prefetch(&heads[head(key)], 1);
    for (u32 z = 0; z < KEYS; z++) {
      u32& first = heads[head(keys[z])];
      next[u64{anchor} * KEYS + z] = first;
      first = anchor * KEYS + z;
    }
  }
  u32 anchor(const Sketch& sketch, u32 cluster) {
    const u32 number = static_cast<u32>(anchors.size);
    Bins bins;
    __builtin_memcpy(bins.bin, sketch.bins, sizeof bins);
    anchors.push(bins);
    owners.push(cluster);
    // How many there are decides, not how much room was asked for: what is found depends on it. Where
    // there is no memory the chains only become longer.
    if (anchors.size * KEYS <= heads.size || !widen_heads(2 * heads.size)) hang(number);
    return number;
  }

  // The anchors that the arrival is like enough, the likest first, of equal ones the oldest.
  int near(const u16* bins, Found* found, int room) {
    if (filled(bins) < by.least || !anchors.size) return 0;
    constexpr u32 PLACES = 1024;
    u32 keys[KEYS], at[KEYS], anchor[PLACES], seen[KEYS * STEPS];
    u8 times[PLACES] = {};
    int many = 0, count = 0;
    keys_of(bins, keys);
    for (u32 key : keys) __builtin_prefetch(&heads[head(key)]);
    for (int z = 0; z < KEYS; z++) {
      at[z] = heads[head(keys[z])];
      if (at[z] != NONE) __builtin_prefetch(&next[at[z]]);
    }
    for (int step = 0; step < STEPS; step++)
      for (int z = 0; z < KEYS; z++) {
        if (at[z] == NONE) continue;
        const u32 one = at[z] / KEYS;
        at[z] = next[at[z]];
        if (at[z] != NONE) __builtin_prefetch(&next[at[z]]);
        u32 slot = static_cast<u32>(one * MIX >> 54);
        while (times[slot] && anchor[slot] != one) slot = (slot + 1) & (PLACES - 1);
        anchor[slot] = one;
        if (++times[slot] == 2) {
          seen[many++] = one;
          __builtin_prefetch(anchors[one].bin);
          __builtin_prefetch(anchors[one].bin + 64);
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
    const Known* one = place(known, sketch.digest);
    const bool hangs = one->cluster < GONE && one->anchor != NONE;
    if (hangs) owners[one->anchor] = cluster;  // a pin takes the text along
    const bool hang = (fresh || is_anchor) && !hangs;
    remember(sketch.digest, cluster, hang ? anchor(sketch, cluster) : NONE);
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
  const u32 known = all->known.size ? Clusters::place(all->known, sketch->digest)->cluster : NONE;
  if (known < GONE && room > 0) found[count++] = {1, all->root(known), NONE};
  if (count == room) return count;
  return count + all->near(sketch->bins, found + count, room - count);
}

EXPORT u32 tidegate_clusters_put(Clusters* all, const Sketch* sketch, u32 cluster, i32 is_anchor,
                                 double day, u32 beside) {
  return all->put(*sketch, cluster, is_anchor, day, beside);
}

// Assigns `count` arrivals in their order: the cluster of each, and how like its anchor it is (1 if a
// text was equal, 0 if its cluster is new).
EXPORT void tidegate_clusters_assign(Clusters* all, const Sketch* sketches, const double* days,
                                     i64 count, u32* clusters, double* alike) {
  for (i64 z = 0; z < count; z++) {
    Found best;
    const bool found = tidegate_clusters_near(all, sketches + z, &best, 1) > 0;
    alike[z] = found ? best.similarity : 0;
    clusters[z] = all->put(sketches[z], found ? best.cluster : NONE, false, days[z], NONE);
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
  if (!all->known.size) return 0;
  Known* one = Clusters::place(all->known, digest);
  if (one->cluster >= GONE) return 0;
  if (one->anchor != NONE) __builtin_memset(all->anchors[one->anchor].bin, 0, sizeof(Bins));
  one->cluster = GONE;
  __builtin_memset(one->digest, 0, sizeof one->digest);
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
         all->known.room * 24 + all->clusters.room * 8 + s.words.room * 20 + s.blocks.room * 64 +
         s.all.room * static_cast<i64>(sizeof(Story)) + s.moved.room * 8;
}

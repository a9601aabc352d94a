"""The kernels in C++ behind a plain C interface: where speed is the product.

`hamming.cpp` searches 256-bit codes for `signals.index`; `pdq.cpp` makes the codes of pictures,
`minhash.cpp` those of texts and `winnow.cpp` their anchors, for `signals.fingerprints`. `build` compiles
them at set-up where there is a compiler, `library` loads what was compiled; without it numpy gives the
same answers, slower.
"""

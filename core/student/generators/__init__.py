"""What stands where knowledge would when the student sees a tweet alone. Each file of this folder is one way.

A file holds a class `Generator`, a module made from the student's options and its encoder. Called with the encoder, the
tweet's word embeddings x (B, L, d) and their mask (B, L), it gives the encoder's states (B, ≥ L, d); the tweet's own
come first. One that looks at the tweet's words has `attention(encoder, x, mask)` as well: how much each of its vectors
looks at each word, (B, layers, N, L).

The paper's names (Table 3): `conditional` is CPD, `unconditional` UPD, `prefix` PrefixD, and `bare`, which adds
nothing, MV.
"""

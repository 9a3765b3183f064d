"""What stands where knowledge would when the student sees a tweet alone. Each file of this folder is one way.

A file holds a class `Generator`, a module made from the student's options and its encoder. Called with the encoder, the
tweet's word embeddings x (B, L, d) and their mask (B, L), it gives the encoder's states (B, ≥ L, d); the tweet's own
come first. The paper's names (Table 3): `conditional` is CPD, `unconditional` UPD, `prefix` PrefixD, and `bare`, which
adds nothing, MV.
"""

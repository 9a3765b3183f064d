"""From the encoder's states to labels. Each file of this folder is one head; its name is the head's.

A file holds a class `Head`, a module made from the encoder's width, the number of labels and the dropout. Called with
the states (B, P, d) at a sample's places, it gives logits (B, n, C): one row of them for every label that is asked for.
Three methods say what the logits mean; in mask (B, n), True stands where a label is asked for:

- `nll(logits, labels, mask)`: −log p(y* | view), summed over the batch (equation 4); labels (B, n) are IGNORED where no
  gold is known.
- `log_posteriors(logits, mask, temperature=1.0)`: log p(y_i | view) of each single label, (B, n, C).
- `decode(logits, mask)`: the best labels, (B, n).
"""

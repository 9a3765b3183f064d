"""Why a student said what it said about one sample, and what the knowledge changed.

`reading` is what the student reads, word by word; `attribution` and `occlusion` say which of it moved a score;
`counterfactuals` ask again with something changed; `case` puts all of it together, and `page` onto one HTML page.
"""

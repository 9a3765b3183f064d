"""A labelled set seen through two students, or one student's two views: where they differ, err, and how sure they are.

Every figure here knows the samples behind it, by their places in the set.
"""

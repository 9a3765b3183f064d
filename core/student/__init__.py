"""The compact student: one encoder that sees a tweet with knowledge, or with a conditional prompt in its place."""

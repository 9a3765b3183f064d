"""The teacher as extractor (table 1's ChatGPT and GPT4 rows): it is asked for the entities, or the relation, itself."""

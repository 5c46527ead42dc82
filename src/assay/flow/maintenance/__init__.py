"""After approval: the periodic review, deprecation, merges, roll-outs and waves."""

"""After approval: the periodic review, successors, roll-outs and waves."""

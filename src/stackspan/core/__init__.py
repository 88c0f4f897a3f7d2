"""What every layer shares and that imports nothing of ours: context, errors, ids, clock, facts, log."""

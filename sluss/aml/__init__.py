"""Detection of suspicious payments: what people decide about alerts, and how rules are measured."""

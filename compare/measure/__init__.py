"""Contestants in processes of their own, told what to train and timed."""

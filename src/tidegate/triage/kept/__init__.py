"""Clusters as the instance keeps them: in the database, and in the memory of each process that assigns."""

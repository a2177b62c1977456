"""What services talk through: the queue with its safe job, and the exchange of bundles, buckets."""

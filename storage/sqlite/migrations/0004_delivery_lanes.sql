-- What is to be sent, by account and kind: a claim takes some of each.
CREATE INDEX deliveries_lanes ON deliveries (account, kind, due, key) WHERE state = 'pending';

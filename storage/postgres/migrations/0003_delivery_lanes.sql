-- What is to be sent, by account and kind: a claim takes some of each.
DROP INDEX charla.deliveries_pending;
CREATE INDEX deliveries_lanes ON charla.deliveries (account, kind, due, n) WHERE state = 'pending';

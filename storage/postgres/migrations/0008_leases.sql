-- Conversations that are claimed: what a clock that was ahead claimed is looked for.
CREATE INDEX conversations_leased ON charla.conversations (wake) WHERE lease = wake;

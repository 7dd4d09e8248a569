package chatcfg

// Clean is how identifiers are cleaned before they are read.
var Clean = clean

package webhook

// Public is what the guard lets through by itself.
var Public = isPublic

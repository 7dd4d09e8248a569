package storage

import "time"

// Now reads the clock in a file that is only named like the allowed one.
func Now() time.Time { return time.Now() } // want forbidigo

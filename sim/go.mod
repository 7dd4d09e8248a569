module github.com/charlahq/charla/sim

go 1.26.0

require (
	github.com/charlahq/charla v0.0.0
	github.com/google/uuid v1.6.0
)

require (
	github.com/benbjohnson/clock v1.3.5 // indirect
	golang.org/x/image v0.47.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace (
	github.com/charlahq/charla => ..
	github.com/charlahq/charla/storage/sqlite => ../storage/sqlite
)

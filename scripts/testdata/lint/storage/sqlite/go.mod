module github.com/charlahq/charla/storage/sqlite

go 1.26

require (
	github.com/charlahq/charla v0.0.0
	modernc.org/sqlite v1.0.0
)

replace (
	github.com/charlahq/charla => ../..
	modernc.org/sqlite => ../../stub/sqlite
)

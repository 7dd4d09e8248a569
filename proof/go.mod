module github.com/charlahq/charla/proof

go 1.26.0

replace (
	github.com/charlahq/charla => ..
	github.com/charlahq/charla/storage/sqlite => ../storage/sqlite
)

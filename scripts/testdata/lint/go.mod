module github.com/charlahq/charla

go 1.26

require (
	github.com/benbjohnson/clock v1.3.5
	github.com/google/uuid v1.6.0
	github.com/stretchr/testify v1.11.1
	modernc.org/sqlite v1.0.0
)

replace (
	github.com/benbjohnson/clock => ./stub/clock
	github.com/google/uuid => ./stub/uuid
	github.com/stretchr/testify => ./stub/testify
	modernc.org/sqlite => ./stub/sqlite
)

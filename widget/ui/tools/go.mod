module github.com/charlahq/charla/widget/ui/tools

go 1.26.0

require (
	github.com/andybalholm/brotli v1.2.8
	github.com/evanw/esbuild v0.28.2
	github.com/tdewolff/minify/v2 v2.24.13
)

require (
	github.com/tdewolff/parse/v2 v2.8.12 // indirect
	golang.org/x/sys v0.43.0 // indirect
)

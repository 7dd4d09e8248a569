// Command publish makes what a module proxy would serve of this repository: for
// each module that users may require, its zip, its go.mod in release form and its
// list of versions. It fails if a proxy or go get would refuse any of it.
//
//	go run ./lab/publish -version v0.3.0 DIR   # a folder for GOPROXY=file://DIR
//	go run ./lab/publish -version v0.3.0       # writes the go.mod files that are tagged
//	go run ./lab/publish -sbom DIR             # a bill of materials for each (make sbom)
//
// scripts/publish-check.sh makes such a folder and builds programs from it.
package main

package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"
	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/js"
)

// Budgets, in bytes after brotli 11. That of all files is what they have come to: it only
// ever gets smaller.
const (
	maxLoader = 4 << 10
	maxToChat = 16 << 10
	maxChunk  = 10 << 10
	maxAll    = 25_760
)

// chunks are brought when they are needed: name and source.
var chunks = map[string]string{
	"en":     "locale/en.ts",
	"extras": "chunks/extras.ts",
	"pt":     "locale/pt.ts",
}

// internal has the properties that only the app and its chunks use among themselves: none
// that the browser, the server, what is stored, a page or another build's loader has. They
// get short names, the same in all files of a build.
const internal = "act admit announce api arrived atBottom avatar begin begun bottom bring catchUp changed chat " +
	"check core counter cursor drop dropped earlier el enter fit flush free gone greet greeted " +
	"greets grow hide icons identified identify item items know last leads load loaded logout " +
	"lost make mark marks older over own panel play polling post raw reached refresh refused " +
	"reread retry same saw say see show store thread told tool typed unread update wait wake who"

// dist is a build: its files by name.
type dist struct {
	Loader    string            `json:"loader"`
	App       string            `json:"app"`
	Chunks    []string          `json:"chunks"`
	Integrity map[string]string `json:"integrity"`

	files map[string][]byte
}

// build bundles the sources and returns the files, in memory. A digest of the build is
// in the names of all its files but the loader, and in the loader, so that one loader
// always goes with one app. It fails with esbuild's errors.
func build(ui string) (*dist, error) {
	d := &dist{Integrity: map[string]string{}, files: map[string][]byte{}}
	sources := map[string]string{"app": "app/main.ts"}
	for name, source := range chunks {
		sources["chunk-"+name] = source
	}
	names, err := wordPlaces(ui)
	if err != nil {
		return nil, err
	}
	bundles := map[string][]byte{}
	whole := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		out, err := bundle(ui, sources[name], api.FormatESModule, nil, names)
		if err != nil {
			return nil, err
		}
		bundles[name] = out
		fmt.Fprintf(whole, "%s %d\n%s", name, len(out), out)
	}
	version := digest(whole.Sum(nil))
	for _, name := range slices.Sorted(maps.Keys(bundles)) {
		if file := d.add(name, version, bundles[name]); name == "app" {
			d.App = file
		} else {
			d.Chunks = append(d.Chunks, file)
		}
	}
	out, err := bundle(ui, "loader.ts", api.FormatIIFE, map[string]string{"BUILD": quote("-" + version + ".js")}, names)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(out)
	d.Loader = d.add("loader", digest(sum[:]), out)
	return d, nil
}

// quote returns a text as a JavaScript string; it must need no escapes.
func quote(s string) string { return `"` + s + `"` }

// digest returns a digest as file names have it: 8 characters.
func digest(sum []byte) string { return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5])) }

// add adds a file, with its digest, under its name and version, and returns both
// together, the file's name.
func (d *dist) add(name, version string, content []byte) string {
	name += "-" + version + ".js"
	whole := sha512.Sum384(content)
	d.files[name] = content
	d.Integrity[name] = "sha384-" + base64.StdEncoding.EncodeToString(whole[:])
	return name
}

// bundle returns a source with what it imports as one minified file; names has the short
// names of properties and gets those of internal ones that are new. It fails with esbuild's errors.
func bundle(ui, entry string, format api.Format, define map[string]string, names map[string]any) ([]byte, error) {
	src, err := filepath.Abs(filepath.Join(ui, "src"))
	if err != nil {
		return nil, err
	}
	r := api.Build(api.BuildOptions{
		EntryPoints:   []string{filepath.Join(src, entry)},
		AbsWorkingDir: src,
		Bundle:        true,
		Charset:       api.CharsetUTF8,
		Define:        define,
		Format:        format,
		LegalComments: api.LegalCommentsNone,
		MinifySyntax:  true, MinifyWhitespace: true, MinifyIdentifiers: true,
		Plugins:     []api.Plugin{styles},
		Target:      api.ES2021,
		TsconfigRaw: `{"compilerOptions": {"useDefineForClassFields": false}}`,
		TreeShaking: api.TreeShakingTrue,
		MangleProps: "^(" + strings.ReplaceAll(internal, " ", "|") + "|" + strings.Join(slices.Collect(maps.Keys(names)), "|") + ")$",
		MangleCache: names,
	})
	maps.Copy(names, r.MangleCache)
	out, err := result(r)
	if err != nil {
		return nil, err
	}
	if out, err = placeWords(out); err != nil {
		return nil, err
	}
	return rename.Bytes(script, out)
}

// script is the media type of the files.
const script = "text/javascript"

// rename gives variables names that are the same in all functions, as far as they can be:
// brotli finds more that repeats than after esbuild, which counts names of the whole file.
var rename = func() *minify.M {
	m := minify.New()
	m.Add(script, &js.Minifier{Version: 2021})
	return m
}()

// result returns the one file that esbuild built, or fails with its errors.
func result(r api.BuildResult) ([]byte, error) {
	if len(r.Errors) > 0 {
		return nil, errors.New(strings.Join(api.FormatMessages(r.Errors, api.FormatMessagesOptions{}), "\n"))
	}
	return r.OutputFiles[0].Contents, nil
}

// styles gives a style sheet, with what it imports, to its importer as a text without white
// space.
var styles = api.Plugin{
	Name: "styles",
	Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `\.css$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			out := api.Build(api.BuildOptions{
				EntryPoints: []string{args.Path},
				Bundle:      true,
				Charset:     api.CharsetUTF8, MinifySyntax: true, MinifyWhitespace: true,
				Engines: []api.Engine{
					{Name: api.EngineChrome, Version: "92"},
					{Name: api.EngineFirefox, Version: "90"},
					{Name: api.EngineSafari, Version: "15.4"},
				},
			})
			if len(out.Errors) > 0 {
				return api.OnLoadResult{Errors: out.Errors}, nil
			}
			text := strings.TrimSpace(string(out.OutputFiles[0].Contents))
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderText}, nil
		})
	},
}

// compileTests bundles each test for node, into a file of its own in a directory. It
// fails if there are no tests, or with esbuild's errors.
func compileTests(ui, into string) error {
	tests, err := filepath.Glob(filepath.Join(ui, "test", "*.test.ts"))
	if err != nil {
		return err
	}
	if len(tests) == 0 {
		return fmt.Errorf("no test in %s", filepath.Join(ui, "test"))
	}
	into, err = filepath.Abs(into)
	if err != nil {
		return err
	}
	r := api.Build(api.BuildOptions{
		EntryPoints:  tests,
		Bundle:       true,
		Format:       api.FormatESModule,
		Outdir:       into,
		OutExtension: map[string]string{".js": ".mjs"},
		Platform:     api.PlatformNode,
		Plugins:      []api.Plugin{styles},
		Sourcemap:    api.SourceMapInline,
		TsconfigRaw:  `{}`,
		Write:        true,
	})
	if len(r.Errors) > 0 {
		return errors.New(strings.Join(api.FormatMessages(r.Errors, api.FormatMessagesOptions{}), "\n"))
	}
	return nil
}

// compressed returns a file's content as browsers get it: compressed by brotli at its
// highest level, 11.
func (d *dist) compressed(name string) []byte {
	var b bytes.Buffer
	w := brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: 16})
	if _, err := w.Write(d.files[name]); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// size returns a file's compressed size in bytes.
func (d *dist) size(name string) int { return len(d.compressed(name)) }

// all returns the compressed size of all files together, in bytes.
func (d *dist) all() int {
	sum := 0
	for name := range d.files {
		sum += d.size(name)
	}
	return sum
}

// report returns a table of all files with their compressed sizes in bytes, and the sums
// of loader and app, and of all.
func (d *dist) report() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		fmt.Fprintf(&b, "%6d  %s\n", d.size(name), name)
	}
	fmt.Fprintf(&b, "%6d  loader and app, of %d\n", d.size(d.Loader)+d.size(d.App), maxToChat)
	fmt.Fprintf(&b, "%6d  all, of %d\n", d.all(), maxAll)
	return b.String()
}

// checkSizes returns an error that names every file above its size limit, or nil.
func (d *dist) checkSizes() error {
	var problems []error
	limit := func(what string, size, most int) {
		if size > most {
			problems = append(problems, fmt.Errorf("%s: %d bytes after brotli, at most %d", what, size, most))
		}
	}
	limit(d.Loader, d.size(d.Loader), maxLoader)
	limit("loader and app", d.size(d.Loader)+d.size(d.App), maxToChat)
	for _, name := range d.Chunks {
		limit(name, d.size(name), maxChunk)
	}
	limit("all files", d.all(), maxAll)
	return errors.Join(problems...)
}

// write removes a directory and writes the build there: each file, also compressed (.br), and
// the manifest. It fails if the system cannot write.
func (d *dist) write(dir string) error {
	manifest, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	out := map[string][]byte{"manifest.json": append(manifest, '\n')}
	for name, content := range d.files {
		out[name], out[name+".br"] = content, d.compressed(name)
	}
	for name, content := range out {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

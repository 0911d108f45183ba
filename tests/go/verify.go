// verify: checks what a ledger emitted, with code that is not the ledger's:
// golang.org/x/mod/sumdb/note and /tlog, as Debian packages them.
//
//	verify -key FILE [-witness FILE] [-checkpoint FILE [-tiles DIR]] [RECEIPT LEAF]...
//
// -key and -witness hold verifier keys, one line each.  DIR holds what a server
// answers below its root: tile/0/000, tile/entries/000, and so on.  Each
// receipt's own checkpoint is opened too, and compared with the tiles.  Every
// line of output is one finding, "ok" or "BAD"; exit 0 when all are ok, else 1.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run ./tests/go -key log.vkey …
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

// A witness verifies type 04 signatures, which package note does not know.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.hash }
func (w *witness) Verify(body, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, body)
	return ed25519.Verify(w.key, []byte(message), signature[8:])
}

func newWitness(vkey string) (*witness, error) {
	part := strings.SplitN(vkey, "+", 3)
	if len(part) != 3 {
		return nil, errors.New("not of the form name+id+key")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(part[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return nil, errors.New("not a key of type 04")
	}
	sum := sha256.Sum256(append([]byte(part[0]+"\n"), key...))
	if fmt.Sprintf("%x", sum[:4]) != part[1] {
		return nil, errors.New("its id does not follow from name and key")
	}
	return &witness{part[0], binary.BigEndian.Uint32(sum[:4]), key[1:]}, nil
}

// A checker holds the trusted keys and, once read, the tree that the tiles make.
type checker struct {
	log      note.Verifier
	witness  *witness
	entries  [][]byte
	stored   []tlog.Hash
	findings io.Writer
	bad      int
}

func (c *checker) report(what string, err error) {
	if err == nil {
		fmt.Fprintf(c.findings, "ok %s\n", what)
		return
	}
	c.bad++
	fmt.Fprintf(c.findings, "BAD %s: %v\n", what, err)
}

// ReadHashes makes the hashes that follow from the entries a tlog.HashReader.
func (c *checker) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, len(indexes))
	for _, i := range indexes {
		if i < 0 || i >= int64(len(c.stored)) {
			return nil, fmt.Errorf("no hash %d", i)
		}
		out = append(out, c.stored[i])
	}
	return out, nil
}

func decimal(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("%q is not a canonical number", text)
	}
	return n, nil
}

func hash(text string) (tlog.Hash, error) {
	h, err := tlog.ParseHash(text)
	if err != nil || h.String() != text {
		return h, fmt.Errorf("%q is not a canonical hash", text)
	}
	return h, nil
}

// openCheckpoint verifies the signatures and reads the three lines.
func (c *checker) openCheckpoint(text []byte) (tlog.Tree, error) {
	var tree tlog.Tree
	keys := []note.Verifier{c.log}
	if c.witness != nil {
		keys = append(keys, c.witness)
	}
	opened, err := note.Open(text, note.VerifierList(keys...))
	if err != nil {
		return tree, err
	}
	signed := map[string]bool{}
	for _, s := range opened.Sigs {
		signed[s.Name] = true
	}
	if !signed[c.log.Name()] || (c.witness != nil && !signed[c.witness.name]) {
		return tree, errors.New("a signature is missing")
	}
	line := strings.Split(opened.Text, "\n")
	if len(line) != 4 || line[3] != "" || line[0] != c.log.Name() {
		return tree, errors.New("the body is not the log's origin, size and root")
	}
	if tree.N, err = decimal(line[1]); err == nil {
		tree.Hash, err = hash(line[2])
	}
	return tree, err
}

// readTile reads a tile by C2SP's path, which leaves the height out.
func readTile(dir string, t tlog.Tile) ([]byte, error) {
	path := strings.Replace(t.Path(), fmt.Sprintf("tile/%d/", t.H), "tile/", 1)
	path = strings.Replace(path, "tile/data/", "tile/entries/", 1)
	return os.ReadFile(filepath.Join(dir, path))
}

// bundle takes a bundle of entries apart; exactly `count` must be in it.
func bundle(data []byte, count int) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("an entry is cut short")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(entries) != count {
		return nil, fmt.Errorf("%d entries where %d belong", len(entries), count)
	}
	return entries, nil
}

// tiles lists the tiles of a level in a tree of n leaves, each at its widest.
func tiles(level int, n int64) []tlog.Tile {
	var out []tlog.Tile
	hashes := n
	for i := 0; i < level; i++ {
		hashes >>= tileHeight
	}
	for i := int64(0); i<<tileHeight < hashes; i++ {
		width := hashes - i<<tileHeight
		if width > 1<<tileHeight {
			width = 1 << tileHeight
		}
		out = append(out, tlog.Tile{H: tileHeight, L: level, N: i, W: int(width)})
	}
	return out
}

// readEntries hashes every entry, so that the tree follows from them alone.
func (c *checker) readEntries(dir string, n int64) error {
	for _, t := range tiles(0, n) {
		t.L = -1
		data, err := readTile(dir, t)
		if err != nil {
			return err
		}
		entries, err := bundle(data, t.W)
		if err != nil {
			return fmt.Errorf("bundle %d: %w", t.N, err)
		}
		for _, entry := range entries {
			more, err := tlog.StoredHashes(int64(len(c.entries)), entry, c)
			if err != nil {
				return err
			}
			c.entries = append(c.entries, entry)
			c.stored = append(c.stored, more...)
		}
	}
	return nil
}

// checkTiles compares every tile of every level with the hashes that follow
// from the entries.
func (c *checker) checkTiles(dir string, n int64) error {
	for level := 0; n>>(uint(level)*tileHeight) > 0; level++ {
		for _, t := range tiles(level, n) {
			want, err := tlog.ReadTileData(t, c)
			if err != nil {
				return err
			}
			got, err := readTile(dir, t)
			if err != nil {
				return err
			}
			if !bytes.Equal(got, want) {
				return fmt.Errorf("%s does not hold the entries' hashes", t.Path())
			}
		}
	}
	return nil
}

// directory is a tlog.TileReader over files.
type directory string

func (d directory) Height() int                     { return tileHeight }
func (d directory) SaveTiles([]tlog.Tile, [][]byte) {}
func (d directory) ReadTiles(t []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range t {
		data, err := readTile(string(d), tile)
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

// checkReader lets tlog authenticate every leaf's tile up to the root.
func checkReader(dir string, tree tlog.Tree) error {
	reader := tlog.TileHashReader(tree, directory(dir))
	for n := int64(0); n < tree.N; n += 1 << tileHeight {
		if _, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)}); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkRoot(tree tlog.Tree) error {
	if tree.N > int64(len(c.entries)) {
		return fmt.Errorf("%d leaves, the tiles have %d", tree.N, len(c.entries))
	}
	root := tlog.Hash(sha256.Sum256(nil))
	if tree.N > 0 {
		var err error
		if root, err = tlog.TreeHash(tree.N, c); err != nil {
			return err
		}
	}
	if root != tree.Hash {
		return fmt.Errorf("root %v does not follow from the entries", tree.Hash)
	}
	return nil
}

func (c *checker) checkTree(dir string, tree tlog.Tree) {
	err := c.readEntries(dir, tree.N)
	c.report(fmt.Sprintf("%d entries", len(c.entries)), err)
	if err != nil {
		return
	}
	c.report("root of the entries", c.checkRoot(tree))
	c.report("tiles of every level", c.checkTiles(dir, tree.N))
	if tree.N > 0 {
		c.report("tiles up to the root", checkReader(dir, tree))
	}
}

type receipt struct {
	index      int64
	proof      tlog.RecordProof
	checkpoint []byte
}

func parseReceipt(text string) (*receipt, error) {
	const header = "c2sp.org/tlog-proof@v1\nindex "
	if !strings.HasPrefix(text, header) {
		return nil, errors.New("not a tlog-proof")
	}
	end := strings.Index(text, "\n\n")
	if end < len(header) {
		return nil, errors.New("no checkpoint")
	}
	line := strings.Split(text[len(header):end], "\n")
	r := &receipt{checkpoint: []byte(text[end+2:])}
	var err error
	if r.index, err = decimal(line[0]); err != nil {
		return nil, err
	}
	for _, l := range line[1:] {
		h, err := hash(l)
		if err != nil {
			return nil, err
		}
		r.proof = append(r.proof, h)
	}
	return r, nil
}

func (c *checker) checkReceipt(text, leaf []byte) error {
	r, err := parseReceipt(string(text))
	if err != nil {
		return err
	}
	tree, err := c.openCheckpoint(r.checkpoint)
	if err != nil {
		return err
	}
	if r.index >= tree.N {
		return fmt.Errorf("no leaf %d in a tree of %d", r.index, tree.N)
	}
	if err := tlog.CheckRecord(r.proof, tree.N, tree.Hash, r.index, tlog.RecordHash(leaf)); err != nil {
		return err
	}
	if c.entries == nil {
		return nil
	}
	if err := c.checkRoot(tree); err != nil {
		return err
	}
	if !bytes.Equal(c.entries[r.index], leaf) {
		return errors.New("the leaf is not the entry that the tiles hold")
	}
	return nil
}

func readKeys(c *checker, logFile, witnessFile string) error {
	text, err := os.ReadFile(logFile)
	if err != nil {
		return err
	}
	if c.log, err = note.NewVerifier(strings.TrimSuffix(string(text), "\n")); err != nil {
		return fmt.Errorf("%s: %w", logFile, err)
	}
	if witnessFile == "" {
		return nil
	}
	if text, err = os.ReadFile(witnessFile); err != nil {
		return err
	}
	if c.witness, err = newWitness(strings.TrimSuffix(string(text), "\n")); err != nil {
		return fmt.Errorf("%s: %w", witnessFile, err)
	}
	return nil
}

func (c *checker) checkFiles(checkpointFile, dir string, receipts []string) {
	if checkpointFile != "" {
		text, err := os.ReadFile(checkpointFile)
		var tree tlog.Tree
		if err == nil {
			tree, err = c.openCheckpoint(text)
		}
		c.report(fmt.Sprintf("checkpoint %s of %d leaves", checkpointFile, tree.N), err)
		if err == nil && dir != "" {
			c.checkTree(dir, tree)
		}
	}
	for i := 0; i+1 < len(receipts); i += 2 {
		text, err := os.ReadFile(receipts[i])
		var leaf []byte
		if err == nil {
			leaf, err = os.ReadFile(receipts[i+1])
		}
		if err == nil {
			err = c.checkReceipt(text, leaf)
		}
		c.report("receipt "+receipts[i], err)
	}
}

func verify(arguments []string, findings io.Writer) int {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.SetOutput(findings)
	key := flags.String("key", "", "file with the log's verifier key")
	cosigner := flags.String("witness", "", "file with a witness's verifier key")
	checkpoint := flags.String("checkpoint", "", "file with a signed checkpoint")
	dir := flags.String("tiles", "", "directory that holds tile/")
	if err := flags.Parse(arguments); err != nil {
		return 1
	}
	c := &checker{findings: findings}
	if *key == "" || flags.NArg()%2 != 0 || (*dir != "" && *checkpoint == "") ||
		(*checkpoint == "" && flags.NArg() == 0) {
		fmt.Fprintln(findings, "BAD usage: -key FILE [-witness FILE] [-checkpoint FILE [-tiles DIR]] [RECEIPT LEAF]...")
		return 1
	}
	if err := readKeys(c, *key, *cosigner); err != nil {
		c.report("keys", err)
		return 1
	}
	c.checkFiles(*checkpoint, *dir, flags.Args())
	if c.bad > 0 {
		return 1
	}
	return 0
}

func main() {
	os.Exit(verify(os.Args[1:], os.Stdout))
}

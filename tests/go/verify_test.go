// The vectors pass, and nothing that was changed in them does.
package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const vectors = "../vectors"

// arguments checks everything that a directory of vectors holds.
func arguments(dir string) []string {
	in := func(name string) string { return filepath.Join(dir, name) }
	return []string{"-key", in("log.vkey"), "-witness", in("witness.vkey"),
		"-checkpoint", in("checkpoint"), "-tiles", dir,
		in("receipt.tlog-proof"), in("leaf.bin")}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// files lists what lies below a directory of vectors, by relative path.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			out = append(out, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range files(t, dir) {
		write(t, filepath.Join(to, name), read(t, filepath.Join(dir, name)))
	}
	return to
}

func expect(t *testing.T, what string, code int, arguments ...string) {
	t.Helper()
	var findings bytes.Buffer
	if got := verify(arguments, &findings); got != code {
		t.Errorf("%s: exit %d, expected %d\n%s", what, got, code, findings.String())
	}
}

func TestVectorsPass(t *testing.T) {
	for _, name := range []string{"tlog-5", "tlog-300"} {
		expect(t, name, 0, arguments(filepath.Join(vectors, name))...)
	}
}

// The byte in the middle of each file, and the last one.
func TestChangedFilesAreFound(t *testing.T) {
	unread := map[string]bool{"add-checkpoint.req": true, "checkpoint.old": true}
	for _, name := range []string{"tlog-5", "tlog-300"} {
		dir := copyOf(t, filepath.Join(vectors, name))
		for _, file := range files(t, dir) {
			if unread[file] {
				continue
			}
			path := filepath.Join(dir, file)
			data := read(t, path)
			for _, at := range []int{len(data) / 2, len(data) - 1} {
				changed := append([]byte{}, data...)
				changed[at] ^= 1
				write(t, path, changed)
				expect(t, name+"/"+file+" changed", 1, arguments(dir)...)
			}
			write(t, path, data[:len(data)-1])
			// A key's file may end without its line's LF.
			if filepath.Ext(file) != ".vkey" {
				expect(t, name+"/"+file+" cut", 1, arguments(dir)...)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			expect(t, name+"/"+file+" removed", 1, arguments(dir)...)
			write(t, path, data)
		}
		expect(t, name+" put right again", 0, arguments(dir)...)
	}
}

func TestBundleWithOneEntryTooManyIsFound(t *testing.T) {
	dir := copyOf(t, filepath.Join(vectors, "tlog-5"))
	path := filepath.Join(dir, "tile/entries/000.p/5")
	write(t, path, append(read(t, path), 0, 1, 'x'))
	expect(t, "an entry more", 1, arguments(dir)...)
}

// Older, and signed all the same: the tiles at hand are not that tree's.
func TestRolledBackCheckpointIsFound(t *testing.T) {
	dir := copyOf(t, filepath.Join(vectors, "tlog-300"))
	old := read(t, filepath.Join(dir, "checkpoint.old"))
	write(t, filepath.Join(dir, "checkpoint"), old)
	expect(t, "an older checkpoint", 1, arguments(dir)...)
}

func TestReceiptOfAnotherLogIsFound(t *testing.T) {
	in := func(name string) string { return filepath.Join(vectors, name) }
	expect(t, "its own", 0, "-key", in("tlog-300/log.vkey"),
		in("tlog-300/receipt.tlog-proof"), in("tlog-300/leaf.bin"))
	expect(t, "another leaf", 1, "-key", in("tlog-300/log.vkey"),
		in("tlog-300/receipt.tlog-proof"), in("tlog-5/leaf.bin"))
	expect(t, "another key", 1, "-key", in("tlog-300/witness.vkey"),
		in("tlog-300/receipt.tlog-proof"), in("tlog-300/leaf.bin"))
	// The same log's receipt for five leaves: consistent with its 300.
	expect(t, "an older receipt", 0, "-key", in("tlog-300/log.vkey"),
		"-checkpoint", in("tlog-300/checkpoint"), "-tiles", in("tlog-300"),
		in("tlog-5/receipt.tlog-proof"), in("tlog-5/leaf.bin"))
}

func TestUsageIsTold(t *testing.T) {
	expect(t, "nothing", 1)
	expect(t, "a key alone", 1, "-key", vectors+"/tlog-5/log.vkey")
	expect(t, "half a pair", 1, "-key", vectors+"/tlog-5/log.vkey", "x")
	expect(t, "no such flag", 1, "-x")
}

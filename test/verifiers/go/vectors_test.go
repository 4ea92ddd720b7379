// Package vectors holds docs/proof-vectors.json against Go's own libraries of notes and transparency logs.
package vectors

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// hash is 32 bytes that JSON has in base64.
type hash tlog.Hash

func (h *hash) UnmarshalText(text []byte) error {
	parsed, err := tlog.ParseHash(string(text))
	*h = hash(parsed)
	return err
}

type signedNote struct {
	Note   string
	Vkeys  []string
	Signed []string
	Why    string
}

type policyNote struct {
	Trust string
	Note  string
	Why   string
}

type vectors struct {
	Notes struct{ Valid, Invalid []signedNote }
	Log   struct {
		EmptyRoot hash `json:"empty_root"`
		Roots     []struct {
			Size int64
			Root hash
		}
		Inclusion []struct {
			Index, Size int64
			Path        []hash
		}
		Consistency []struct {
			Older, Size int64
			Path        []hash
		}
	}
	Tiles struct {
		NewTiles []struct {
			Older, Size int64
			Count       int
			Last        []string
		} `json:"new_tiles"`
	}
	Checkpoints struct {
		Text           string
		Valid, Invalid []policyNote
	}
	Entries struct {
		Signed struct{ Vkey, Note string }
	}
}

func read(t *testing.T) vectors {
	bytes, err := os.ReadFile(os.Getenv("PROOF_VECTORS"))
	if err != nil {
		t.Fatal(err)
	}
	var found vectors
	if err := json.Unmarshal(bytes, &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Notes.Valid) == 0 || len(found.Log.Inclusion) == 0 || len(found.Checkpoints.Valid) == 0 {
		t.Fatal("the vectors have other fields than this test reads")
	}
	return found
}

// taken are invalid notes that this library takes: the format is stricter.
var taken = []string{"a known key has signed twice, once not this text", "base64 of another form"}

// isCosigner says whether a key signs as witnesses do (type 04), which this library does not know.
func isCosigner(vkey string) bool {
	parts := strings.SplitN(vkey, "+", 3)
	return len(parts) == 3 && strings.HasPrefix(parts[2], "B")
}

func verifiers(vkeys []string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, vkey := range vkeys {
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, err
		}
		list = append(list, verifier)
	}
	return note.VerifierList(list...), nil
}

func open(text string, vkeys []string) (*note.Note, error) {
	known, err := verifiers(vkeys)
	if err != nil {
		return nil, err
	}
	return note.Open([]byte(text), known)
}

func TestNotes(t *testing.T) {
	all := read(t)
	for _, each := range all.Notes.Valid {
		if slices.ContainsFunc(each.Vkeys, isCosigner) {
			continue
		}
		opened, err := open(each.Note, each.Vkeys)
		if err != nil {
			t.Errorf("%s: %v", each.Why, err)
			continue
		}
		var names []string
		for _, signature := range opened.Sigs {
			names = append(names, signature.Name)
		}
		if !slices.Equal(names, each.Signed) {
			t.Errorf("signed by %v, expected %v", names, each.Signed)
		}
	}
	for _, each := range all.Notes.Invalid {
		if _, err := open(each.Note, each.Vkeys); (err == nil) != slices.Contains(taken, each.Why) {
			t.Errorf("%s: %v", each.Why, err)
		}
	}
	entry := all.Entries.Signed
	if _, err := open(entry.Note, []string{entry.Vkey}); err != nil {
		t.Error(err)
	}
}

// logs are the keys of the logs of a policy. Witnesses sign in a way that this library does not know.
func logs(trust string) []string {
	var vkeys []string
	for line := range strings.Lines(trust) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "log" {
			vkeys = append(vkeys, words[1])
		}
	}
	return vkeys
}

func TestCheckpoints(t *testing.T) {
	all := read(t)
	read := hashes(t, 300)
	root, err := tlog.TreeHash(300, read)
	if err != nil {
		t.Fatal(err)
	}
	expected := fmt.Sprintf("school.example/trail\n300\n%s\n", root)
	for _, each := range all.Checkpoints.Valid {
		opened, err := open(each.Note, logs(each.Trust))
		if err != nil {
			t.Fatal(err)
		}
		// Lines that follow are passed over.
		if !strings.HasPrefix(opened.Text, expected) || !strings.HasPrefix(opened.Text, all.Checkpoints.Text) {
			t.Errorf("the checkpoint is not that of 300 entries: %s", each.Why)
		}
	}
}

// hashes are those of the entries of the vectors, with the nodes over them.
func hashes(t *testing.T, size int64) tlog.HashReader {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var list []tlog.Hash
		for _, index := range indexes {
			list = append(list, stored[index])
		}
		return list, nil
	})
	for index := range size {
		more, err := tlog.StoredHashes(index, fmt.Appendf(nil, "entry %d", index), read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	return read
}

func TestLog(t *testing.T) {
	all := read(t)
	read := hashes(t, 300)
	rootOf := func(size int64) tlog.Hash {
		root, err := tlog.TreeHash(size, read)
		if err != nil {
			t.Fatal(err)
		}
		return root
	}
	if rootOf(0) != tlog.Hash(all.Log.EmptyRoot) {
		t.Error("the root of no entries differs")
	}
	for _, each := range all.Log.Roots {
		if rootOf(each.Size) != tlog.Hash(each.Root) {
			t.Errorf("the root of %d entries differs", each.Size)
		}
	}
	for _, each := range all.Log.Inclusion {
		leaf := tlog.RecordHash(fmt.Appendf(nil, "entry %d", each.Index))
		if err := tlog.CheckRecord(plain(each.Path), each.Size, rootOf(each.Size), each.Index, leaf); err != nil {
			t.Errorf("entry %d of %d: %v", each.Index, each.Size, err)
		}
	}
	for _, each := range all.Log.Consistency {
		// This library has no proofs from an empty log.
		if each.Older == 0 {
			continue
		}
		if err := tlog.CheckTree(plain(each.Path), each.Size, rootOf(each.Size), each.Older, rootOf(each.Older)); err != nil {
			t.Errorf("%d entries after %d: %v", each.Size, each.Older, err)
		}
	}
}

func plain(path []hash) []tlog.Hash {
	list := make([]tlog.Hash, len(path))
	for index, each := range path {
		list[index] = tlog.Hash(each)
	}
	return list
}

func TestTiles(t *testing.T) {
	for _, each := range read(t).Tiles.NewTiles {
		var paths []string
		for _, tile := range tlog.NewTiles(8, each.Older, each.Size) {
			// This library has the height in its paths, C2SP has not.
			paths = append(paths, strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		}
		if len(paths) != each.Count || !slices.Equal(paths[max(0, len(paths)-4):], each.Last) {
			t.Errorf("%d entries after %d: tiles %v, expected %v", each.Size, each.Older, paths[max(0, len(paths)-4):], each.Last)
		}
	}
}

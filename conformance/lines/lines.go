// Package lines answers JSON lines with JSON lines: in order, on all cores, in bounded memory.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// queued is how many cases each core may be ahead of the slowest one.
const queued = 64

// Answer reads one case per line from in and writes one answer per line to out, in the order of the cases.
// Blank lines are skipped. It stops at the first error of in, out or reply, naming the line in the last case.
func Answer(in io.Reader, out io.Writer, reply func(question []byte) ([]byte, error)) error {
	type answer struct {
		text []byte
		err  error
	}
	type question struct {
		text   []byte
		answer chan answer
	}

	cores := runtime.GOMAXPROCS(0)
	work := make(chan question, cores)
	// INVARIANT: the order of this channel is the order of the input; its capacity bounds what is in flight.
	order := make(chan chan answer, cores*queued)
	stop := make(chan struct{})
	defer close(stop)

	for range cores {
		go func() {
			for q := range work {
				text, err := reply(q.text)
				q.answer <- answer{text, err}
			}
		}()
	}
	go func() {
		defer close(order)
		defer close(work)
		reader := bufio.NewReaderSize(in, 1<<20)
		for {
			text, end := reader.ReadBytes('\n')
			if text = bytes.TrimSpace(text); len(text) > 0 {
				answered := make(chan answer, 1)
				select {
				case order <- answered:
				case <-stop:
					return
				}
				work <- question{text, answered}
			}
			if errors.Is(end, io.EOF) {
				return
			}
			if end != nil {
				failed := make(chan answer, 1)
				failed <- answer{err: fmt.Errorf("cannot read: %w", end)}
				select {
				case order <- failed:
				case <-stop:
				}
				return
			}
		}
	}()

	writer := bufio.NewWriterSize(out, 1<<20)
	number := 0
	for answered := range order {
		number++
		got := <-answered
		if got.err != nil {
			return errors.Join(fmt.Errorf("question %d: %w", number, got.err), writer.Flush())
		}
		// An error of the writer sticks and comes back from Flush.
		_, _ = writer.Write(got.text)
		if err := writer.WriteByte('\n'); err != nil {
			return err
		}
		// A client that sends one request at a time waits for its answer.
		if len(order) == 0 {
			if err := writer.Flush(); err != nil {
				return err
			}
		}
	}
	return writer.Flush()
}

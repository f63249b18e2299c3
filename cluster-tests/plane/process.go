package plane

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// Process is a program that was started, with its log.
type Process struct {
	// Name of the program, and of its log.
	Name string
	// Log is the file with all that it prints.
	Log string

	command *exec.Cmd
	ended   chan struct{}
	once    sync.Once
}

// Run starts a program, whose log goes into a folder.
func Run(name, folder string, environment []string, arguments ...string) (*Process, error) {
	process := &Process{Name: name, Log: filepath.Join(folder, name+".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(process.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	process.command = exec.Command(arguments[0], arguments[1:]...)
	process.command.Stdout, process.command.Stderr = log, log
	process.command.Env = append(os.Environ(), environment...)
	// A program must not outlive the tests, even if they are killed.
	process.command.SysProcAttr = deathSignal()
	if err := process.command.Start(); err != nil {
		log.Close()
		return nil, err
	}
	go func() {
		// How it ended is in its log.
		_ = process.command.Wait()
		log.Close()
		close(process.ended)
	}()
	return process, nil
}

// Ended is whether the program runs no more.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Kill ends the program at once, as a crash does, and waits until it is gone.
func (p *Process) Kill() {
	p.once.Do(func() { _ = p.command.Process.Signal(syscall.SIGKILL) })
	<-p.ended
}

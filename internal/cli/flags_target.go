package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
)

// indexVariable is the environment variable by which a pod of an Indexed Job of
// Kubernetes knows its place (batch/v1, completionMode).
const indexVariable = "JOB_COMPLETION_INDEX"

// targetFlags say on what a runbook works.
type targetFlags struct {
	memberships, clusters, projects, fleets []string
	fleet                                   string
	diagnosis                               string
	shards, shard                           int
}

func (f *targetFlags) flags(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.memberships, "membership", nil, "projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP (repeatable)")
	flags.StringArrayVar(&f.clusters, "cluster", nil, "projects/PROJECT/locations/LOCATION/clusters/CLUSTER (repeatable)")
	flags.StringArrayVar(&f.projects, "project", nil, "ID or number of a project (repeatable)")
	flags.StringArrayVar(&f.fleets, "fleet-project", nil, "ID or number of a fleet's host project: everything of the runbook's kind that the fleet has (repeatable)")
	flags.StringVar(&f.fleet, "of-fleet", "", "host project of the fleet that --cluster and --project belong to, where it is another project than their own")
	flags.StringVar(&f.diagnosis, "from-diagnosis", "", "report of diagnose as JSON: the memberships with findings that the runbook fixes")
}

func (f *targetFlags) shardFlags(flags *pflag.FlagSet) {
	flags.IntVar(&f.shards, "shards", 0, "executors that share the targets; each takes those of its --shard-index")
	flags.IntVar(&f.shard, "shard-index", 0, "which of the shards is this executor's, from 0 (default $"+indexVariable+")")
}

// selection checks what was given, and reads the report. All mistakes are told at
// once.
func (f *targetFlags) selection(flags *pflag.FlagSet) (runbook.Selection, error) {
	s := runbook.Selection{
		Fleets: f.fleets, Memberships: f.memberships, Clusters: f.clusters, Projects: f.projects, Fleet: f.fleet, Shard: f.shard, Shards: f.shards,
	}
	var wrong []error
	for _, name := range f.memberships {
		if _, err := mesh.ParseMembership(name); err != nil {
			wrong = append(wrong, fmt.Errorf("--membership: %w", err))
		}
	}
	for _, name := range f.clusters {
		if _, err := mesh.ParseCluster(name); err != nil {
			wrong = append(wrong, fmt.Errorf("--cluster: %w", err))
		}
	}
	for _, given := range []struct {
		flag     string
		projects []string
	}{{"--project", f.projects}, {"--fleet-project", f.fleets}, {"--of-fleet", some(f.fleet)}} {
		for _, project := range given.projects {
			if err := mesh.CheckProject(project); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", given.flag, err))
			}
		}
	}
	var err error
	if s.Report, err = readFile(f.diagnosis, "--from-diagnosis", diagnosis.ReadReport); err != nil {
		wrong = append(wrong, err)
	}
	if !f.any() {
		wrong = append(wrong, errors.New("nothing is named to work on: give --membership, --cluster, --project, --fleet-project or --from-diagnosis"))
	}
	if err := f.checkShards(flags, &s); err != nil {
		wrong = append(wrong, err)
	}
	return s, errors.Join(wrong...)
}

// any reports that something was named.
func (f *targetFlags) any() bool {
	return len(f.memberships)+len(f.clusters)+len(f.projects)+len(f.fleets) > 0 || f.diagnosis != ""
}

func (f *targetFlags) checkShards(flags *pflag.FlagSet, s *runbook.Selection) error {
	given := flags.Changed("shard-index")
	switch text := os.Getenv(indexVariable); {
	case f.shards < 0:
		return fmt.Errorf("--shards: %d is negative", f.shards)
	case f.shards == 0 && given:
		return errors.New("--shard-index: say of how many with --shards")
	case f.shards == 0 || given:
	case text == "":
		return fmt.Errorf("--shards: say which one is this executor's with --shard-index, or run in an Indexed Job, which sets %s", indexVariable)
	default:
		index, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%s is %q, and no number", indexVariable, text)
		}
		s.Shard = index
	}
	if f.shards > 0 && (s.Shard < 0 || s.Shard >= f.shards) {
		return fmt.Errorf("--shard-index: there is no shard %d of %d; they are counted from 0", s.Shard, f.shards)
	}
	return nil
}

func some(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
)

// indexVariable is the environment variable with the index of a pod in an Indexed Job
// of Kubernetes (batch/v1, completionMode).
const indexVariable = "JOB_COMPLETION_INDEX"

// targetFlags select the targets of a runbook.
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
	flags.StringArrayVar(&f.fleets, "fleet-project", nil, "ID or number of a fleet's host project, for all its targets (repeatable)")
	flags.StringVar(&f.fleet, "of-fleet", "", "host project of the fleet of --cluster and --project, where it is not their own project")
	flags.StringVar(&f.diagnosis, "from-diagnosis", "", "report of diagnose as JSON, for the memberships that the runbook can correct")
}

func (f *targetFlags) shardFlags(flags *pflag.FlagSet) {
	flags.IntVar(&f.shards, "shards", 0, "number of executors that share the targets; each takes its share by --shard-index")
	flags.IntVar(&f.shard, "shard-index", 0, "this executor's shard, from 0 (default $"+indexVariable+")")
}

// selection checks the flags and reads the report. It reports all mistakes at once.
func (f *targetFlags) selection(flags *pflag.FlagSet) (fleet.Selection, error) {
	s := fleet.Selection{
		Fleets: f.fleets, Memberships: f.memberships, Clusters: f.clusters, Projects: f.projects, Fleet: f.fleet,
		Shard: f.shard, Shards: f.shards,
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
		wrong = append(wrong, errors.New("name a target: give --membership, --cluster, --project, --fleet-project or --from-diagnosis"))
	}
	if err := f.checkShards(flags, &s); err != nil {
		wrong = append(wrong, err)
	}
	return s, errors.Join(wrong...)
}

// any reports whether the flags name a target.
func (f *targetFlags) any() bool {
	return len(f.memberships)+len(f.clusters)+len(f.projects)+len(f.fleets) > 0 || f.diagnosis != ""
}

func (f *targetFlags) checkShards(flags *pflag.FlagSet, s *fleet.Selection) error {
	given := flags.Changed("shard-index")
	switch text := os.Getenv(indexVariable); {
	case f.shards < 0:
		return fmt.Errorf("--shards: %d is negative", f.shards)
	case f.shards == 0 && given:
		return errors.New("--shard-index: give the number of shards with --shards")
	case f.shards == 0 || given:
	case text == "":
		return fmt.Errorf("--shards: give this executor's shard with --shard-index, or run in an Indexed Job, which sets %s", indexVariable)
	default:
		index, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%s is %q, which is no number", indexVariable, text)
		}
		s.Shard = index
	}
	if f.shards > 0 && (s.Shard < 0 || s.Shard >= f.shards) {
		return fmt.Errorf("--shard-index: %d is not among %d shards, which count from 0", s.Shard, f.shards)
	}
	return nil
}

func some(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

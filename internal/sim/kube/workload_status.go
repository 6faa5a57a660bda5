package kube

import "time"

// What controllers report of workloads.

func setDeploymentStatus(d Object, replicas, updated, readyCount, want int, now time.Time) bool {
	before := copyOf(child(d, "status"))
	st := child(d, "status")
	st["observedGeneration"] = numberOr(1, d, "metadata", "generation")
	st["replicas"], st["updatedReplicas"], st["readyReplicas"], st["availableReplicas"] = replicas, updated, readyCount, readyCount
	if missing := want - readyCount; missing > 0 {
		st["unavailableReplicas"] = missing
	} else {
		delete(st, "unavailableReplicas")
	}
	available := condition{"Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."}
	if readyCount < want-want/4 {
		available = condition{"Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."}
	}
	progressing := condition{"Progressing", "True", "NewReplicaSetAvailable", "ReplicaSet \"" + name(d) + "\" has successfully progressed."}
	if updated < want || readyCount < want || replicas > want {
		progressing = condition{"Progressing", "True", "ReplicaSetUpdated", "ReplicaSet \"" + name(d) + "\" is progressing."}
	}
	if dig(d, "spec", "paused") == true {
		progressing = condition{"Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"}
	}
	setWorkloadConditions(st, []condition{available, progressing}, now)
	return !equal(before, st)
}

// setWorkloadConditions is setConditions with the time of an update.
func setWorkloadConditions(st Object, want []condition, now time.Time) {
	var list []any
	for _, w := range want {
		c := anyMap("type", w.kind, "status", w.status, "reason", w.reason, "message", w.message, "lastUpdateTime", stamp(now),
			"lastTransitionTime", stamp(now))
		for _, old := range items(st, "conditions") {
			if text(old, "type") != w.kind {
				continue
			}
			if text(old, "status") == w.status {
				c["lastTransitionTime"] = text(old, "lastTransitionTime")
			}
			if text(old, "status") == w.status && text(old, "reason") == w.reason {
				c["lastUpdateTime"] = text(old, "lastUpdateTime")
			}
		}
		list = append(list, c)
	}
	st["conditions"] = list
}

func setReplicaSetStatus(rs Object, replicas, readyCount int) bool {
	before := copyOf(child(rs, "status"))
	st := child(rs, "status")
	st["observedGeneration"] = numberOr(1, rs, "metadata", "generation")
	st["replicas"], st["fullyLabeledReplicas"] = replicas, replicas
	st["readyReplicas"], st["availableReplicas"] = readyCount, readyCount
	return !equal(before, st)
}

func setDaemonSetStatus(ds Object, updated, readyCount int) bool {
	before := copyOf(child(ds, "status"))
	st := child(ds, "status")
	st["observedGeneration"] = numberOr(1, ds, "metadata", "generation")
	st["desiredNumberScheduled"], st["currentNumberScheduled"], st["numberMisscheduled"] = nodes, nodes, 0
	st["updatedNumberScheduled"], st["numberReady"], st["numberAvailable"] = updated, readyCount, readyCount
	return !equal(before, st)
}

func setStatefulSetStatus(sts Object, replicas, updated, readyCount int, revision string) bool {
	before := copyOf(child(sts, "status"))
	st := child(sts, "status")
	st["observedGeneration"] = numberOr(1, sts, "metadata", "generation")
	st["replicas"], st["updatedReplicas"], st["readyReplicas"], st["availableReplicas"] = replicas, updated, readyCount, readyCount
	st["collisionCount"], st["updateRevision"] = 0, revision
	if updated == replicas && readyCount == replicas || text(st, "currentRevision") == "" {
		st["currentRevision"] = revision
	}
	st["currentReplicas"] = replicas
	return !equal(before, st)
}

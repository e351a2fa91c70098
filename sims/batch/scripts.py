"""Job scripts for machines that are shared: a Dask scheduler, its workers, and the sweep that uses them.

SCRIPTS   where -> function (file, workers, hours, image) -> text
"""

import shlex

PORT = 8786


def slurm(file, workers, hours, image):
    """For `sbatch`: one task a worker; the scheduler and the sweep run on the first node."""
    name = shlex.quote(str(file))
    return f"""#!/bin/bash
# sbatch sweep.sh      (needs robocalc with the extra `cluster` on every node)
#SBATCH --job-name=robocalc
#SBATCH --ntasks={workers}
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time={hours:02d}:00:00
#SBATCH --signal=B:INT@60
set -euo pipefail
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

head=$(hostname)
dask scheduler --host "$head" --port {PORT} --no-dashboard &
srun dask worker "tcp://$head:{PORT}" --nthreads 1 --no-dashboard --death-timeout 300 &
trap 'kill $(jobs -p) 2>/dev/null' EXIT
until (exec 3<>"/dev/tcp/$head/{PORT}") 2>/dev/null; do sleep 1; done

# The journal makes the job safe to be submitted again: finished runs are not done twice.
robocalc sweep {name} --cluster "tcp://$head:{PORT}" --out "sweep-${{SLURM_JOB_NAME}}" --resume "$@"
"""


def kubernetes(file, workers, hours, image):
    """For `kubectl apply -f`: scheduler, workers, and the sweep as a Job; files on a shared volume."""
    return f"""# kubectl apply -f sweep.yaml      (image: robocalc with the extra `cluster`; volume claim: robocalc)
apiVersion: v1
kind: Service
metadata: {{name: robocalc-scheduler}}
spec:
  selector: {{app: robocalc-scheduler}}
  ports: [{{port: {PORT}, targetPort: {PORT}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: robocalc-scheduler}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: robocalc-scheduler}}}}
  template:
    metadata: {{labels: {{app: robocalc-scheduler}}}}
    spec:
      containers:
        - name: scheduler
          image: {image}
          command: [dask, scheduler, --port, "{PORT}", --no-dashboard]
          ports: [{{containerPort: {PORT}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: robocalc-worker}}
spec:
  replicas: {workers}
  selector: {{matchLabels: {{app: robocalc-worker}}}}
  template:
    metadata: {{labels: {{app: robocalc-worker}}}}
    spec:
      containers:
        - name: worker
          image: {image}
          command: [dask, worker, "tcp://robocalc-scheduler:{PORT}", --nthreads, "1", --no-dashboard]
          env: [{{name: OMP_NUM_THREADS, value: "1"}}, {{name: OPENBLAS_NUM_THREADS, value: "1"}}]
          resources: {{requests: {{cpu: "1", memory: 2Gi}}, limits: {{memory: 2Gi}}}}
          volumeMounts: [{{name: data, mountPath: /data}}]
      volumes: [{{name: data, persistentVolumeClaim: {{claimName: robocalc}}}}]
---
apiVersion: batch/v1
kind: Job
metadata: {{name: robocalc-sweep}}
spec:
  backoffLimit: 3
  activeDeadlineSeconds: {hours * 3600}
  template:
    spec:
      restartPolicy: OnFailure
      containers:
        - name: sweep
          image: {image}
          workingDir: /data
          command: [robocalc, sweep, "{file}", --cluster, "tcp://robocalc-scheduler:{PORT}", --out, sweep, --resume]
          volumeMounts: [{{name: data, mountPath: /data}}]
      volumes: [{{name: data, persistentVolumeClaim: {{claimName: robocalc}}}}]
"""


SCRIPTS = {"slurm": slurm, "kubernetes": kubernetes}

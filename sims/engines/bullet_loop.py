"""What a control loop calls every step, with as little Python between it and PyBullet as there can be."""


def fast_path(p, c, body, scene):
    """read(q, v) into arrays (n,), push(tau (n,)) for one step, and the step counter; three calls into PyBullet a step.

    Closures over local names: an attribute look-up a call would cost as much as the recording.
    """
    get, send, advance, torque = p.getJointStates, p.setJointMotorControlArray, p.stepSimulation, p.TORQUE_CONTROL
    id, joints, drive, clock = body.id, list(body.joints), scene.drive, [0]

    def read(q, v):
        for i, state in enumerate(get(id, joints, c)):
            q[i] = state[0]
            v[i] = state[1]

    def push(tau):
        send(id, joints, torque, forces=tau.tolist(), physicsClientId=c)
        advance(c)
        clock[0] += 1

    def push_driven(tau):
        push(tau)
        drive(clock[0])

    def push_mounted(tau):
        scene.mounted.act()
        (push_driven if scene.driven else push)(tau)

    return read, push_mounted if scene.mounted.items else push_driven if scene.driven else push, clock

"""What stays and what goes: down and up keep all that a learner has, down --volumes removes all but the desk."""
import json

from conftest import ROOT, kit
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

KEPT = {"file": "the learner's", "table": 100, "messages": 100, "database": 100}


def test_down_and_up_keep_files_topics_tables_and_databases(stack):
    assert stack.job("leave.py", "leave").result() == KEPT
    stack.run("down")
    assert kit.containers() == []
    print(f"up again in {stack.up():.0f} s")
    assert stack.job("leave.py", "look").result() == KEPT
    assert (ROOT / "desk" / "kept.txt").read_text() == "the learner's"


def test_down_with_volumes_removes_all_but_the_desk(stack):
    stack.run("down", "--volumes")
    assert kit.containers() == []
    project = json.loads(kit.compose("config", "--format", "json", capture_output=True, text=True).stdout)["name"]
    for kind in ("volume", "network"):
        assert kit.docker(kind, "ls", "--quiet", "--filter", f"label=com.docker.compose.project={project}") == ""
    assert (ROOT / "desk" / "kept.txt").read_text() == "the learner's"
    # the same by plain docker compose, without .env: the secrets are made on a volume, and the desk is still writable
    aside = (ROOT / ".env").rename(ROOT / ".env.aside")
    try:
        kit.compose(*kit.PROFILE, "up", "--detach", "--wait", "--wait-timeout", "300", capture_output=True)
        assert stack.job("leave.py", "look").result() == {**KEPT, "table": 0, "messages": 0, "database": 0}
        password = stack.inside("postgres", "cat", "/keys/postgres")
        assert len(password) >= 32 and f"postgres:{password}@" in stack.run("status")
    finally:
        aside.rename(ROOT / ".env")


def test_three_brokers_survive_the_loss_of_one(stack):
    admin = KafkaAdminClient(bootstrap_servers="localhost:29092")
    admin.create_topics({"replicated": {"num_partitions": 3, "replication_factor": 3,
                                        "configs": {"min.insync.replicas": "2"}}}, wait_for_metadata=True)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=["localhost:29092", "localhost:29093", "localhost:29094"])
    for number in range(100):
        producer.send("replicated", str(number).encode(), partition=number % 3)
    producer.flush(30)
    stack.run("kill", "kafka-3")
    for number in range(100, 200):
        producer.send("replicated", str(number).encode(), partition=number % 3)
    producer.flush(60)
    producer.close()
    consumer = KafkaConsumer("replicated", bootstrap_servers="localhost:29092", auto_offset_reset="earliest",
                             consumer_timeout_ms=15000)
    got = []
    for message in consumer:
        got.append(int(message.value))
        if len(got) == 200:
            break
    consumer.close()
    assert sorted(got) == list(range(200))

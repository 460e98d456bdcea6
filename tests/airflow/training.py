"""The DAG that a real Airflow runs in `make test-airflow`: it does nothing but end."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG(dag_id="pricing_training", schedule=None):
    EmptyOperator(task_id="train")
